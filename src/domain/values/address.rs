//! Which addresses of streams and pictures may be stored: those that players and boxes load. Pages
//! and players of others show them, so that none may be a script or a file of whoever looks.

/// Ways to fetch a stream.
const STREAMS: &[&str] = &[
    "http",
    "https",
    "rtsp",
    "rtsps",
    "rtspt",
    "rtspu",
    "rtmp",
    "rtmps",
    "rtmpt",
    "rtmpe",
    "rtmpte",
    "rtp",
    "srtp",
    "udp",
    "igmp",
    "tcp",
    "mms",
    "mmsh",
    "mmst",
    "mmsu",
    "srt",
    "rist",
    "hls",
    "ftp",
    "ftps",
    "dvb",
    "acestream",
    "sop",
    "p2p",
    "tvbus",
    "plugin",
];

/// What a stream's address must be.
pub const STREAM_WORDS: &str = "must be an address that players open, such as http://, \
    https://, rtsp://, rtmp://, udp:// or srt://";

/// What a picture's address must be.
pub const PICTURE_WORDS: &str = "must begin with http:// or https://";

/// Whether a stream may have this address. Stalker puts the name of a player before it
/// (`ffmpeg http://…`), and one without a scheme is a place on the server itself.
#[must_use]
pub fn is_of_stream(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    !text.chars().any(char::is_control)
        && words.all(|word| scheme(word).is_none_or(|scheme| STREAMS.contains(&scheme.as_str())))
}

/// Whether a picture may have this address: on the web, or a place on the server itself.
#[must_use]
pub fn is_of_picture(text: &str) -> bool {
    let text = text.trim();
    !text.chars().any(char::is_control)
        && scheme(text).is_none_or(|scheme| matches!(scheme.as_str(), "http" | "https"))
}

/// The scheme of an address, in small letters. What stands before a port is none.
fn scheme(text: &str) -> Option<String> {
    let (front, rest) = text.split_once(':')?;
    let begins = front.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = front
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let is_host = rest.starts_with(|first: char| first.is_ascii_digit()) && front.contains('.');
    (begins && plain && !is_host).then(|| front.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{is_of_picture, is_of_stream};

    #[test]
    fn players_open_what_may_be_stored() {
        for good in [
            "",
            "http://tv.example/1.m3u8",
            "HTTPS://tv.example/1.m3u8?a=b:c",
            "ffmpeg http://tv.example/1",
            "ffrt4 rtmp://tv.example/live",
            "auto /media/1.mpg",
            "udp://@239.1.1.1:1234",
            "rtp://@239.1.1.1:1234",
            "srt://tv.example:9000?mode=caller",
            "/demo/1.m3u8",
            "tv.example:8080/1.ts",
            "http://tv.example/a b.ts",
        ] {
            assert!(is_of_stream(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "ffmpeg javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,<script>",
            "file:///etc/passwd",
            "ffmpeg file:///etc/passwd",
            "vbscript:x",
            "blob:http://x/1",
            "about:blank",
        ] {
            assert!(!is_of_stream(bad), "{bad}");
            assert!(!is_of_picture(bad) || bad.starts_with("ffmpeg"), "{bad}");
        }
    }

    #[test]
    fn pictures_are_on_the_web() {
        for good in [
            "",
            "http://tv.example/1.png",
            "https://tv.example/1.png",
            "/logos/1.png",
        ] {
            assert!(is_of_picture(good), "{good}");
        }
        for bad in [
            "javascript:1",
            "data:image/png;base64,AAAA",
            "file:///1.png",
            "udp://1",
            "rtmp://1",
        ] {
            assert!(!is_of_picture(bad), "{bad}");
        }
    }
}
