// The page that set-top boxes show: a list of channels, a picture, and what the provider has to say.
// Written for the browsers of old boxes: ES3, no libraries. In a browser add ?mac=00:1A:79:00:00:01.
(function () {
  var stb = window.gSTB || null;
  try { stb = stb || window.parent.gSTB || null; } catch (foreign) { /* Not the box's own frame. */ }
  var api = location.pathname.replace(/[^\/]*$/, '').replace(/c\/$/, '') + 'portal.php';
  var mac = '', token = '', profile = {}, channels = [], here = 0, first = 0, rows = 12;
  var playing = null, menu = true, dialog = null, off = false, typed = '', typing = null, video = null;
  var pressed = null, watching = null, started = false;

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
  function paragraph(words) {
    var lines = String(words).split(/\r?\n|<br ?\/?>/i), parts = [], index;
    for (index = 0; index < lines.length; index += 1) {
      if (index) { parts.push(document.createElement('br')); }
      parts.push(lines[index]);
    }
    return node('p', parts);
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

  // ---- dialogs
  function show(parts, keys) {
    dialog = keys || {};
    fill('box', parts);
    el('box').style.display = 'block';
  }
  function hide() {
    dialog = null;
    el('box').style.display = 'none';
    fill('box', []);
  }
  function blocked() {
    off = true;
    stop();
    show([paragraph(profile.block_msg || 'This box is switched off.\nPlease call your provider.')]);
  }
  function lost() {
    // Another box took the address over, or the portal has forgotten us.
    window.clearTimeout(watching);
    token = '';
    watching = window.setTimeout(start, 10000);
  }
  function ask(info) {
    show([
      paragraph(info || 'Please sign in.'),
      node('div', [node('input', [], { id: 'login', placeholder: 'Login' })]),
      node('div', [node('input', [], { id: 'password', type: 'password', placeholder: 'Password' })]),
      node('button', 'Sign in', { id: 'ok' }),
      node('p', [], { id: 'wrong' })
    ], { form: true });
    el('login').focus();
    function send() {
      call('stb', 'do_auth', { login: el('login').value, password: el('password').value }, function (fits) {
        if (fits === true) { hide(); getProfile(1); } else { say('wrong', 'That does not fit.'); }
      });
    }
    el('ok').onclick = send;
    dialog[13] = function () {
      if (document.activeElement === el('login')) { el('password').focus(); } else { send(); }
    };
  }

  // ---- playing
  function play(index) {
    var channel = channels[index];
    if (!channel || off) { return; }
    here = index;
    draw();
    call('itv', 'create_link', { cmd: channel.cmd }, function (link) {
      if (!link || !link.cmd) {
        say('now', channel.name + ': not available');
        return;
      }
      playing = channel;
      call('itv', 'set_last_id', { id: channel.id }, function () {});
      if (stb) {
        stb.Play(link.cmd);
      } else {
        if (!video) {
          video = document.createElement('video');
          video.controls = true;
          document.body.insertBefore(video, document.body.firstChild);
        }
        video.src = link.cmd.replace(/^\S+ /, '');
        if (video.play) { video.play(); }
      }
      setMenu(false);
    });
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
    if (shown) { draw(); }
  }

  // ---- the list
  function draw() {
    var lines = [], index;
    if (here < first) { first = here; }
    if (here >= first + rows) { first = here - rows + 1; }
    for (index = first; index < channels.length && index < first + rows; index += 1) {
      lines.push(node('li', [node('b', channels[index].number), channels[index].name],
        index === here ? { 'class': 'here' } : {}));
    }
    fill('list', lines.length ? lines : [node('li', 'There are no channels yet.')]);
  }
  function whatsOn() {
    var channel = channels[here];
    if (!channel) { return; }
    call('itv', 'get_short_epg', { ch_id: channel.id, size: 2 }, function (events) {
      var line = '', index;
      for (index = 0; events && index < events.length; index += 1) {
        line += events[index].t_time + ' ' + events[index].name + ' \u00a0 ';
      }
      say('now', line);
    });
  }
  function move(by) {
    if (!channels.length) { return; }
    here = Math.max(0, Math.min(channels.length - 1, here + by));
    draw();
    window.clearTimeout(pressed);
    pressed = window.setTimeout(whatsOn, 400);
  }
  function zap(by) {
    if (channels.length) { play((here + by + channels.length) % channels.length); }
  }
  function tune(number) {
    var index;
    for (index = 0; index < channels.length; index += 1) {
      if (channels[index].number === String(number)) { play(index); return; }
    }
  }
  function load(done) {
    call('itv', 'get_all_channels', {}, function (page) {
      var all = page && page.data ? page.data : [];
      function more(p) {
        // What is for adults is a list of its own.
        call('itv', 'get_ordered_list', { genre: 10, p: p }, function (late) {
          var data = late && late.data ? late.data : [];
          all = all.concat(data);
          if (data.length && p * late.max_page_items < late.total_items) { more(p + 1); return; }
          channels = all.sort(function (a, b) { return a.number - b.number; });
          here = Math.min(here, Math.max(0, channels.length - 1));
          draw();
          whatsOn();
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
  function heard(event) {
    switch (event.event) {
    case 'send_msg':
    case 'send_msg_with_video':
      if (dialog) { return; }
      show([
        paragraph(String(event.msg).split('%mac%').join(mac).split('%sn%').join('')),
        node('button', 'OK', { id: 'ok' })
      ], { event: event.id });
      dialog[13] = el('ok').onclick = function () {
        hide();
        confirm(event);
        if (event.param1 && stb) { stb.Play('ffmpeg ' + event.param1); setMenu(false); }
      };
      if (Number(event.auto_hide_timeout) > 0) {
        window.setTimeout(function () {
          if (dialog && dialog.event === event.id) { dialog[13](); }
        }, Number(event.auto_hide_timeout) * 1000);
      }
      break;
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
  document.onkeydown = function (event) {
    var key = (event || window.event).keyCode;
    if (dialog) {
      if (dialog[key]) { dialog[key](); return false; }
      return !!dialog.form;
    }
    if (key >= 48 && key <= 57) {
      typed += String.fromCharCode(key);
      say('now', typed);
      window.clearTimeout(typing);
      typing = window.setTimeout(function () { var number = typed; typed = ''; tune(number); }, 1200);
      return false;
    }
    switch (key) {
    case 38: if (menu) { move(-1); } else { zap(1); } break;
    case 40: if (menu) { move(1); } else { zap(-1); } break;
    case 33: if (menu) { move(-rows); } else { zap(1); } break;
    case 34: if (menu) { move(rows); } else { zap(-1); } break;
    case 9: if (!menu) { zap(1); } break;
    case 13: if (menu) { play(here); } else { setMenu(true); } break;
    case 8: case 27: if (menu && playing) { setMenu(false); } else { setMenu(true); } break;
    default: return true;
    }
    return false;
  };
  el('list').onclick = function (event) {
    var node = (event || window.event).target;
    while (node && node.nodeName !== 'LI') { node = node.parentNode; }
    var index = 0;
    while (node && node.previousSibling) { node = node.previousSibling; index += 1; }
    play(first + index);
  };

  // ---- starting
  function getProfile(second) {
    var version = stb && stb.Version ? stb.Version() : 'Boxoffice page';
    call('stb', 'get_profile', { ver: version, auth_second_step: second }, function (answer) {
      profile = answer || {};
      if (Number(profile.status) === 2) { ask(profile.info); return; }
      if (Number(profile.status) !== 0) { blocked(); watch(1); return; }
      off = false;
      if (dialog) { hide(); }
      load(function () {
        var index;
        if (started) { return; }
        started = true;
        for (index = 0; index < channels.length; index += 1) {
          if (channels[index].id === profile.last_itv_id) { play(index); }
        }
      });
      watch(1);
    });
  }
  function start() {
    call('stb', 'handshake', { token: '' }, function (answer) {
      if (!answer || !answer.token) {
        say('now', 'The portal does not answer.');
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
  if (!mac) {
    show([paragraph('This page is for set-top boxes. In a browser, say which one you are: ?mac=00:1A:79:00:00:01')]);
    return;
  }
  document.cookie = 'mac=' + encodeURIComponent(mac) + '; path=/';
  document.cookie = 'stb_lang=en; path=/';
  start();
}());
