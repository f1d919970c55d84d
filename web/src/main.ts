import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { reloadOnceAfterUpgrade } from '$lib/upgrade';

reloadOnceAfterUpgrade();
const target = document.getElementById('app');
if (target) mount(App, { target });
