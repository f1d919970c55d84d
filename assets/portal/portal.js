// The page that set-top boxes show: a list of channels, a picture, and what the provider has to say.
// Written for the browsers of old boxes: ES3, no libraries. In a browser add ?mac=00:1A:79:00:00:01.
(function () {
  var stb = window.gSTB || null;
  try { stb = stb || window.parent.gSTB || null; } catch (foreign) { /* Not the box's own frame. */ }
  var api = location.pathname.replace(/[^\/]*$/, '').replace(/c\/$/, '') + 'portal.php';
  var mac = '', token = '', profile = {}, all = [], channels = [], here = 0, first = 0, rows = 9;
  var playing = null, menu = true, dialog = null, off = false, typed = '', typing = null, video = null;
  var pressed = null, watching = null, started = false, liked = false;
  var OK = 13, BACK = 8, ESCAPE = 27, UP = 38, DOWN = 40, PAGE_UP = 33, PAGE_DOWN = 34, TAB = 9;
  var RED = 112, GREEN = 113, YELLOW = 114, BLUE = 115;

  // ---- what stands on the page
  function el(id) { return document.getElementById(id); }
  // Whatever comes from elsewhere (names, messages, addresses) enters the page here, as text and never as markup.
  function node(name, inner, attributes) {
    var made = document.createElement(name), parts = inner instanceof Array ? inner : [inner], index, key;
    for (index = 0; index < parts.length; index += 1) {
      if (parts[index] !== undefined && parts[index] !== null) {
        made.appendChild(parts[index].nodeType ? parts[index] : document.createTextNode(String(parts[index])));
      }
    }
    for (key in attributes) {
      if (attributes.hasOwnProperty(key)) { made.setAttribute(key, attributes[key]); }
    }
    return made;
  }
  function fill(id, parts) {
    var place = el(id), index;
    while (place.firstChild) { place.removeChild(place.firstChild); }
    for (index = 0; index < parts.length; index += 1) { place.appendChild(parts[index]); }
  }
  function say(id, words) { fill(id, [document.createTextNode(String(words))]); }
  // Scripts write <br> where they mean a new line.
  function paragraph(words, kind) {
    var lines = String(words).split(/\r?\n|<br ?\/?>/i), parts = [], index;
    for (index = 0; index < lines.length; index += 1) {
      if (index) { parts.push(document.createElement('br')); }
      parts.push(lines[index]);
    }
    return node('p', parts, kind ? { 'class': kind } : {});
  }
  function call(type, action, more, done) {
    var url = api + '?type=' + type + '&action=' + action, name;
    for (name in more) {
      if (more.hasOwnProperty(name)) { url += '&' + name + '=' + encodeURIComponent(more[name]); }
    }
    var request = new XMLHttpRequest();
    request.open('GET', url, true);
    if (token) { request.setRequestHeader('Authorization', 'Bearer ' + token); }
    request.onreadystatechange = function () {
      if (request.readyState !== 4) { return; }
      var answer = request.responseText, js = null;
      if (request.status === 200 && answer.indexOf('Authorization failed') === 0) { return lost(); }
      if (request.status === 200 && answer.indexOf('Access denied') === 0) { return blocked(); }
      try { js = JSON.parse(answer).js; } catch (error) { js = null; }
      done(js);
    };
    request.send(null);
  }
  function tick() {
    var now = new Date(), minutes = now.getMinutes();
    say('clock', now.getHours() + (minutes < 10 ? ':0' : ':') + minutes);
    window.setTimeout(tick, (61 - now.getSeconds()) * 1000);
  }

  // ---- dialogs: each has the whole screen, so that it can be read from the sofa
  function show(parts, keys) {
    dialog = keys || {};
    fill('box', [node('div', [node('div', parts, { 'class': 'words' })], { 'class': 'frame' })]);
    el('box').style.display = 'block';
    if (el('ok')) { el('ok').focus(); }
  }
  function hide() {
    dialog = null;
    el('box').style.display = 'none';
    fill('box', []);
  }
  // The number by which the provider knows this box.
  function number() { return node('p', mac, { 'class': 'number' }); }
  function blocked() {
    off = true;
    stop();
    show([
      node('p', 'This box is switched off', { 'class': 'head' }),
      paragraph(profile.block_msg || 'Please call your provider and say this number:'),
      number()
    ]);
  }
  function lost() {
    // Another box took the address over, or the portal has forgotten us.
    window.clearTimeout(watching);
    token = '';
    watching = window.setTimeout(start, 10000);
  }
  // A box that is nobody's yet: what to tell the provider, and a way to sign in at once.
  function ask(info) {
    show([
      node('p', 'Welcome', { 'class': 'head' }),
      paragraph('Tell your provider the number of this box:'),
      number(),
      node('p', info || 'Or sign in with your login and password:', { id: 'wrong', 'class': 'dim' }),
      node('div', [node('input', [], { id: 'login', placeholder: 'Login' })]),
      node('div', [node('input', [], { id: 'password', type: 'password', placeholder: 'Password' })]),
      node('button', 'Sign in', { id: 'ok' })
    ], { form: true });
    var fields = ['login', 'password', 'ok'];
    function step(by) {
      var at = 0, index;
      for (index = 0; index < fields.length; index += 1) {
        if (document.activeElement === el(fields[index])) { at = index; }
      }
      el(fields[Math.max(0, Math.min(fields.length - 1, at + by))]).focus();
    }
    function send() {
      call('stb', 'do_auth', { login: el('login').value, password: el('password').value }, function (fits) {
        if (fits === true) { hide(); getProfile(1); return; }
        say('wrong', 'That does not fit. Please try again.');
        el('wrong').className = 'wrong';
        el('login').focus();
      });
    }
    el('login').focus();
    el('ok').onclick = send;
    dialog[UP] = function () { step(-1); };
    dialog[DOWN] = function () { step(1); };
    dialog[OK] = function () {
      if (document.activeElement === el('login')) { el('password').focus(); } else { send(); }
    };
  }
  // Digits typed on the remote, shown as dots. `fits` is called with them and says through its second
  // argument whether it took them.
  function askPin(words, fits) {
    var pin = '', key;
    function draw() { say('pin', pin.replace(/./g, '\u25cf') || '\u2013'); }
    show([
      node('p', words, { 'class': 'head' }),
      node('p', [], { id: 'pin', 'class': 'pin' }),
      node('p', [], { id: 'wrong', 'class': 'wrong' }),
      node('button', 'OK', { id: 'ok' }),
      paragraph('Type the digits, then press OK. Back: leave.', 'dim')
    ], {});
    function digit(code) { return function () { pin += String.fromCharCode(code); say('wrong', ''); draw(); }; }
    for (key = 48; key <= 57; key += 1) { dialog[key] = digit(key); }
    dialog[BACK] = dialog[ESCAPE] = hide;
    dialog[OK] = el('ok').onclick = function () {
      fits(pin, function (taken, problem) {
        if (taken) { return; }
        pin = '';
        draw();
        say('wrong', problem || 'That PIN does not fit.');
      });
    };
    draw();
  }
  function checkPin(words, then) {
    askPin(words, function (pin, tell) {
      call('stb', 'check_parent_password', { parent_password: pin }, function (right) {
        if (right === true) { hide(); then(); } else { tell(false); }
      });
    });
  }
  function changePin() {
    checkPin('The present PIN', function () {
      askPin('The new PIN', function (pin, tell) {
        if (!pin) { tell(false, 'A PIN has one digit at least.'); return; }
        tell(true);
        askPin('The new PIN once more', function (again, tellAgain) {
          if (again !== pin) { tellAgain(false, 'The two are not the same.'); return; }
          call('stb', 'set_parent_password', { parent_password: pin }, function (kept) {
            if (kept !== true) { tellAgain(false, 'It could not be kept. Please try again.'); return; }
            hide();
          });
        });
      });
    });
  }

  // ---- playing
  function isLocked(channel) { return Number(channel.lock) === 1; }
  function play(index) {
    var channel = channels[index];
    if (!channel || off) { return; }
    if (isLocked(channel) && playing !== channel) {
      checkPin(channel.name + ' is locked: the PIN', function () { tuneTo(channel, index); });
    } else {
      tuneTo(channel, index);
    }
  }
  function tuneTo(channel, index) {
    here = index;
    draw();
    call('itv', 'create_link', { cmd: channel.cmd }, function (link) {
      if (!link || !link.cmd) {
        setMenu(true);
        say('programme', channel.name);
        say('when', 'This channel is not available at the moment.');
        say('about', '');
        return;
      }
      playing = channel;
      call('itv', 'set_last_id', { id: channel.id, censored: isLocked(channel) ? 1 : 0 }, function () {});
      if (stb) { stb.Play(link.cmd); } else { playHere(link.cmd.replace(/^\S+ /, '')); }
      setMenu(false);
    });
  }
  // In a browser. The clip of the demo is there as one file too, for browsers that know no HLS.
  function playHere(address) {
    if (!video) {
      video = document.createElement('video');
      video.controls = true;
      document.body.insertBefore(video, document.body.firstChild);
    }
    if (/\/demo\/live\.m3u8$/.test(address) && !video.canPlayType('application/vnd.apple.mpegurl')) {
      address = address.replace(/live\.m3u8$/, 'clip.mp4');
      video.loop = true;
    } else {
      video.loop = false;
    }
    video.src = address;
    if (video.play) { video.play(); }
  }
  function stop() {
    playing = null;
    if (stb) { stb.Stop(); }
    if (video) { video.parentNode.removeChild(video); video = null; }
    setMenu(true);
  }
  function setMenu(shown) {
    menu = shown;
    el('page').style.display = shown ? 'block' : 'none';
    if (shown) { draw(); whatsOn(); }
  }

  // ---- the list
  function draw() {
    var lines = [], index, channel, marks;
    if (here < first) { first = here; }
    if (here >= first + rows) { first = here - rows + 1; }
    for (index = first; index < channels.length && index < first + rows; index += 1) {
      channel = channels[index];
      marks = (Number(channel.fav) === 1 ? '\u2665 ' : '') + (isLocked(channel) ? 'PIN' : '');
      lines.push(node('li', [
        node('span', channel.number, { 'class': 'number' }), channel.name,
        marks ? node('span', marks, { 'class': 'mark' }) : null
      ], index === here ? { 'class': 'here' } : {}));
    }
    if (!lines.length) {
      lines = [node('li', liked ? 'You have no favourites yet.' : 'There are no channels yet.')];
    }
    fill('list', lines);
    say('what', liked ? 'Favourites' : 'All channels');
    sign(channels[here]);
  }
  // The channel's logo, or its name in large letters.
  function sign(channel) {
    var name = node('span', channel ? channel.name : '', { 'class': 'large' }), picture;
    if (!channel || !/^https?:\/\//.test(channel.logo)) { fill('sign', [name]); return; }
    picture = node('img', [], { src: channel.logo, alt: '' });
    picture.onerror = function () { fill('sign', [name]); };
    fill('sign', [picture]);
  }
  function whatsOn() {
    var channel = channels[here];
    say('programme', channel ? channel.name : '');
    say('when', '');
    say('about', '');
    if (!channel) { return; }
    call('itv', 'get_short_epg', { ch_id: channel.id, size: 2 }, function (events) {
      if (channels[here] !== channel || !events || !events.length) { return; }
      var next = events[1] ? '\u00a0\u00a0 then ' + events[1].name : '';
      say('programme', events[0].name);
      say('when', events[0].t_time + '\u2013' + events[0].t_time_to + next);
      say('about', events[0].descr || '');
    });
  }
  function move(by) {
    if (!channels.length) { return; }
    here = Math.max(0, Math.min(channels.length - 1, here + by));
    draw();
    window.clearTimeout(pressed);
    pressed = window.setTimeout(whatsOn, 300);
  }
  function zap(by) {
    if (channels.length) { play((here + by + channels.length) % channels.length); }
  }
  function tune(wanted) {
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (String(all[index].number) === String(wanted)) {
        if (liked) { list(false); }
        play(index);
        return;
      }
    }
  }
  // All channels, or those that the viewer likes; the chosen one stays chosen.
  function list(favourites) {
    var chosen = channels[here], index;
    liked = favourites;
    channels = [];
    for (index = 0; index < all.length; index += 1) {
      if (!liked || Number(all[index].fav) === 1) { channels.push(all[index]); }
    }
    here = 0;
    first = 0;
    for (index = 0; index < channels.length; index += 1) {
      if (channels[index] === chosen) { here = index; }
    }
    draw();
    whatsOn();
  }
  function like() {
    var channel = channels[here], ids = [], index;
    if (!channel) { return; }
    channel.fav = Number(channel.fav) === 1 ? 0 : 1;
    for (index = 0; index < all.length; index += 1) {
      if (Number(all[index].fav) === 1) { ids.push(all[index].id); }
    }
    call('itv', 'set_fav', { fav_ch: ids.join(',') }, function () { list(liked); });
  }
  function lock() {
    var channel = channels[here];
    if (!channel) { return; }
    checkPin('The PIN', function () {
      var action = isLocked(channel) ? 'del_from_censored' : 'add_to_censored';
      call('itv', action, { ch_id: channel.id }, function (done) {
        if (done === true) { channel.lock = isLocked(channel) ? 0 : 1; }
        draw();
      });
    });
  }
  function load(done) {
    call('itv', 'get_all_channels', {}, function (page) {
      var found = page && page.data ? page.data : [], chosen = channels[here] ? channels[here].id : null;
      function more(p) {
        // What is for adults is a list of its own.
        call('itv', 'get_ordered_list', { genre: 10, p: p }, function (late) {
          var data = late && late.data ? late.data : [], index;
          found = found.concat(data);
          if (data.length && p * late.max_page_items < late.total_items) { more(p + 1); return; }
          all = found.sort(function (a, b) { return a.number - b.number; });
          list(liked);
          for (index = 0; index < channels.length; index += 1) {
            if (channels[index].id === chosen) { here = index; }
          }
          draw();
          if (done) { done(); }
        });
      }
      more(1);
    });
  }

  // ---- what the provider has to say
  function watch(init) {
    window.clearTimeout(watching);
    call('watchdog', 'get_events', {
      init: init, cur_play_type: playing ? 1 : 0, event_active_id: dialog && dialog.event ? dialog.event : 0
    }, function (js) {
      var seconds = Math.max(Number(profile.watchdog_timeout) || 120, 1);
      watching = window.setTimeout(function () { watch(0); }, seconds * 1000);
      if (js && js.data && js.data.event) { heard(js.data); }
    });
  }
  function confirm(event) {
    call('watchdog', 'confirm_event', { event_active_id: event.id }, function () {
      if (event.reboot_after_ok === '1') { reboot(); }
    });
  }
  function reboot() {
    if (stb && stb.ExecAction) { stb.ExecAction('reboot'); } else { location.reload(); }
  }
  function message(event) {
    show([
      paragraph(String(event.msg).split('%mac%').join(mac).split('%sn%').join('')),
      node('button', 'OK', { id: 'ok' })
    ], { event: event.id });
    dialog[OK] = el('ok').onclick = function () {
      hide();
      confirm(event);
      if (event.param1 && stb) { stb.Play('ffmpeg ' + event.param1); setMenu(false); }
    };
    if (Number(event.auto_hide_timeout) > 0) {
      window.setTimeout(function () {
        if (dialog && dialog.event === event.id) { dialog[OK](); }
      }, Number(event.auto_hide_timeout) * 1000);
    }
  }
  function heard(event) {
    switch (event.event) {
    case 'send_msg':
    case 'send_msg_with_video': if (!dialog) { message(event); } break;
    case 'reboot': reboot(); break;
    case 'reload_portal': case 'cut_on': location.reload(); break;
    case 'cut_off': blocked(); break;
    case 'update_channels': case 'update_subscription':
      if (off) { location.reload(); } else { load(); }
      break;
    case 'play_channel': tune(event.msg); break;
    case 'show_menu': setMenu(true); break;
    }
  }

  // ---- keys
  function digit(key) {
    typed += String.fromCharCode(key);
    say('typed', typed);
    el('typed').style.display = 'block';
    window.clearTimeout(typing);
    typing = window.setTimeout(function () {
      var wanted = typed;
      typed = '';
      el('typed').style.display = 'none';
      tune(wanted);
    }, 1200);
  }
  document.onkeydown = function (event) {
    var key = (event || window.event).keyCode;
    if (key >= 96 && key <= 105) { key -= 48; }
    if (dialog) {
      if (dialog[key]) { dialog[key](); return false; }
      return !!dialog.form;
    }
    if (off) { return true; }
    if (key >= 48 && key <= 57) { digit(key); return false; }
    switch (key) {
    case UP: if (menu) { move(-1); } else { zap(1); } break;
    case DOWN: if (menu) { move(1); } else { zap(-1); } break;
    case PAGE_UP: if (menu) { move(-rows); } else { zap(1); } break;
    case PAGE_DOWN: if (menu) { move(rows); } else { zap(-1); } break;
    case TAB: if (!menu) { zap(1); } break;
    case OK: if (menu) { play(here); } else { setMenu(true); } break;
    case BACK: case ESCAPE: if (menu && playing) { setMenu(false); } else { setMenu(true); } break;
    case RED: setMenu(true); list(!liked); break;
    case GREEN: if (menu) { like(); } break;
    case YELLOW: if (menu) { lock(); } break;
    case BLUE: if (menu) { changePin(); } break;
    default: return true;
    }
    return false;
  };
  el('list').onclick = function (event) {
    var line = (event || window.event).target, index = 0;
    while (line && line.nodeName !== 'LI') { line = line.parentNode; }
    while (line && line.previousSibling) { line = line.previousSibling; index += 1; }
    play(first + index);
  };
  function keys() {
    var named = [['red', 'Favourites', RED], ['green', 'Like', GREEN], ['yellow', 'Lock', YELLOW],
      ['blue', 'PIN', BLUE]], parts = [], index;
    function press(key) { return function () { document.onkeydown({ keyCode: key }); }; }
    for (index = 0; index < named.length; index += 1) {
      parts.push(node('span', [node('i', [], { 'class': named[index][0] }), named[index][1]]));
      parts[index].onclick = press(named[index][2]);
    }
    fill('keys', parts);
  }

  // ---- starting
  function getProfile(second) {
    var version = stb && stb.Version ? stb.Version() : 'Boxoffice page';
    call('stb', 'get_profile', { ver: version, auth_second_step: second }, function (answer) {
      profile = answer || {};
      if (Number(profile.status) === 2) { ask(profile.info); return; }
      if (Number(profile.status) !== 0) { blocked(); watch(1); return; }
      off = false;
      if (dialog) { hide(); }
      if (profile.provider_name) { say('title', profile.provider_name); }
      load(function () {
        var index;
        if (started) { return; }
        started = true;
        for (index = 0; index < channels.length; index += 1) {
          if (channels[index].id === profile.last_itv_id && !isLocked(channels[index])) { play(index); }
        }
      });
      watch(1);
    });
  }
  function start() {
    call('stb', 'handshake', { token: '' }, function (answer) {
      if (!answer || !answer.token) {
        say('when', 'The portal does not answer. Trying again.');
        window.setTimeout(start, 10000);
        return;
      }
      token = answer.token;
      getProfile(0);
    });
  }

  if (stb) {
    if (stb.InitPlayer) { stb.InitPlayer(); }
    if (stb.SetTopWin) { stb.SetTopWin(0); }
    mac = stb.GetDeviceMacAddress ? stb.GetDeviceMacAddress() : stb.RDir('MACAddress');
  } else {
    mac = (location.search.match(/[?&]mac=([^&]*)/) || ['', ''])[1];
    try { mac = decodeURIComponent(mac); } catch (wrong) { mac = ''; }
  }
  keys();
  tick();
  if (!mac) {
    show([
      node('p', 'This page is for set-top boxes', { 'class': 'head' }),
      paragraph('In a browser, say at the end of the address which box you are:'),
      node('p', '?mac=00:1A:79:00:00:01', { 'class': 'number' })
    ]);
    return;
  }
  say('mac', mac);
  document.cookie = 'mac=' + encodeURIComponent(mac) + '; path=/';
  document.cookie = 'stb_lang=en; path=/';
  start();
}());
