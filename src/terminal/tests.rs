use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Every kind of sequence that a hostile output may hold; `CHOSEN` stands for text that must come back nowhere.
fn corpus() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    all.extend((0..0x20u8).chain([0x7f]).map(|c0| vec![b'a', c0, b'b']));
    all.extend((0x80..=0xffu8).map(|c1| vec![b'a', c1, b'b']));
    all.extend((0x80..=0x9fu8).map(|c1| vec![b'a', 0xc2, c1, b'3', b'1', b'm', b'b']));
    all.extend((0x20..0x7fu8).map(|last| vec![0x1b, last, b'C', b'H']));
    for last in 0x40..0x7fu8 {
        for start in [
            "",
            "?",
            ">",
            "=",
            "<",
            "?1",
            "65535",
            "65535;65535",
            "0;0;0",
            "1;2",
            "?1049",
            ">4;2",
            "6",
            "!",
            "$",
            " ",
            "?2026$",
            "99$",
            "38;2;1;2;3",
            "4:3",
        ] {
            all.push([b"x\x1b[", start.as_bytes(), &[last], b"y"].concat());
        }
    }
    for osc in [
        "0;CHOSEN",
        "2;CHOSEN",
        "1;CHOSEN",
        "4;1;?",
        "4;1;rgb:CHOSEN",
        "4;1;#fff;2;?",
        "7;file://CHOSEN",
        "8;;http://CHOSEN",
        "9;CHOSEN",
        "10;?",
        "11;?",
        "12;?",
        "22;pointer",
        "50;CursorShape=1",
        "52;c;Q0hPU0VO",
        "52;c;?",
        "52;;",
        "104",
        "110",
        "777;notify;CHOSEN;CHOSEN",
        "1337;File=name=CHOSEN:AAAA",
        "1337;ReportCellSize",
        "l;CHOSEN",
        "",
        ";;;;",
        "99999999;x",
    ] {
        for end in ["\x07", "\x1b\\", "\u{9c}", "\x18", ""] {
            all.push(format!("a\x1b]{osc}{end}b").into_bytes());
        }
    }
    for string in
        ["P$qm", "P$q\"p", "P+q544e", "P1;2;3q#0~", "PCHOSEN", "_GCHOSEN", "^CHOSEN", "XCHOSEN", "P>|CHOSEN", "P1000p"]
    {
        for end in ["\x1b\\", "\u{9c}", "\x07", "\x18", "\x1a", ""] {
            all.push(format!("a\x1b{string}{end}b").into_bytes());
        }
    }
    // Title reports, answerback, device attributes and reports, window manipulation.
    for query in [
        "\x05",
        "\x1b[21t",
        "\x1b[20t",
        "\x1b[14t",
        "\x1b[18t",
        "\x1b[c",
        "\x1b[>c",
        "\x1b[=c",
        "\x1b[5n",
        "\x1b[6n",
        "\x1b[?6n",
        "\x1b[?15n",
        "\x1bZ",
        "\x1b[x",
        "\x1b[>q",
        "\x1b[?u",
        "\x1b[22t\x1b[23t",
    ] {
        all.push(format!("\x1b]2;CHOSEN\x07{query}").into_bytes());
    }
    all.push("a\u{202e}b\u{200b}\u{2066}c\u{feff}\u{ad}d\u{301}\u{200d}e".as_bytes().to_vec());
    all
}

/// What must hold of any screen, whatever it was fed.
fn check(screen: &mut Screen) {
    let (cols, lines) = screen.size();
    assert_eq!(screen.visible().len(), usize::from(lines));
    for row in screen.rows(0, usize::MAX) {
        assert!(row.width() <= usize::from(cols), "{row:?}");
        for run in &row.runs {
            assert!(!run.text.chars().any(is_hidden), "{run:?}");
            assert!(!run.text.is_empty());
        }
        assert!(
            !row.runs
                .windows(2)
                .any(|two| two[0].style == two[1].style && two[0].text.is_ascii() && two[1].text.is_ascii())
        );
    }
    let cursor = screen.cursor();
    assert!(cursor.row < lines && cursor.col < cols);
    if let Some(title) = screen.title() {
        assert!(!title.chars().any(|c| is_hidden(c) && !matches!(c, '\u{fe0e}' | '\u{fe0f}')));
        assert!(title.chars().count() <= 200);
    }
    let replies = screen.replies();
    assert!(replies.len() <= 4096);
    let allowed = regex::bytes::Regex::new(r"^(\x1b\[[?>]?[0-9;]*[$]?[cnRyt])*$").unwrap();
    assert!(allowed.is_match(&replies), "{:?}", String::from_utf8_lossy(&replies));
}

fn shown(screen: &Screen) -> Vec<String> {
    screen.visible().iter().map(plain).collect()
}

fn fed(cols: u16, rows: u16, bytes: &[u8]) -> Screen {
    let mut screen = Screen::new(cols, rows, 100);
    screen.feed(bytes);
    screen
}

#[test]
fn hostile_output_gives_clean_rows_and_answers_nothing_it_chose() {
    let mut all = Screen::new(40, 10, 50);
    for many in corpus().chunks(40) {
        for bytes in many {
            check(&mut fed(40, 10, bytes));
            all.feed(bytes);
        }
        check(&mut all);
        let many = many.concat();
        assert_eq!(last_lines(&many, 10).iter().find(|line| line.chars().any(is_hidden)), None);
        let hidden = |c: char| is_hidden(c) && c != '\n';
        assert!(!sanitize(&String::from_utf8_lossy(&many)).chars().any(hidden));
    }
    let whole = corpus().concat();
    let mut screen = fed(80, 24, &whole);
    check(&mut screen);
}

#[test]
fn the_clipboard_is_refused_and_counted() {
    let screen = fed(20, 3, b"\x1b]52;c;aGk=\x07\x1b]52;c;?\x1b\\\x1b]52;;\x18ok\x1b]0;\x07");
    assert_eq!((screen.clipboard_attempts(), shown(&screen)[0].as_str()), (2, "ok"));
}

#[test]
fn a_title_is_one_clean_bounded_line() {
    assert_eq!(
        fed(20, 3, b"\x1b]0;deploy \xe2\x80\xae\xff; step 2\x07").title(),
        Some("deploy <U+202E>\u{fffd}; step 2")
    );
    assert_eq!(
        fed(20, 3, &[b"\x1b]2;".as_slice(), &[b'x'; 5000], b"\x07"].concat()).title(),
        Some("x".repeat(200).as_str())
    );
    let mut screen = fed(20, 3, b"\x1b]2;old\x07\x1b]2;new\x07");
    assert_eq!(screen.title(), Some("new"));
    screen.feed(b"\x1b]2;\x07");
    assert_eq!(screen.title(), None);
    // A million of them are only work.
    screen.feed(&b"\x1b]2;t\x07".repeat(100_000));
    assert_eq!(screen.title(), Some("t"));
}

#[test]
fn answers_are_what_a_terminal_says() {
    let mut screen = fed(30, 7, b"\x1b[3;5H\x1b[6n\x1b[5n\x1b[c\x1b[18t\x1b[?2004$p\x1b[?31337$p\x1b]11;?\x07\x1b[21t");
    assert_eq!(screen.replies(), b"\x1b[3;5R\x1b[0n\x1b[?6c\x1b[8;7;30t\x1b[?2004;2$y");
    assert_eq!(screen.replies(), b"");
    screen.feed(&b"\x1b[6n".repeat(10_000));
    assert!(screen.replies().len() <= 4096);
}

#[test]
fn floods_are_quick_and_bounded() {
    let start = Instant::now();
    let mut screen = Screen::new(80, 24, 200);
    for flood in [
        [b"\x1b]0;".as_slice(), &[b'x'; 1 << 20]].concat(),
        vec![b'l'; 1 << 20],
        b"\xff".repeat(100_000),
        b"y\r\n".repeat(100_000),
        format!("e{}", "\u{301}".repeat(50_000)).into_bytes(),
        b"x\x1b[65535b".repeat(1_000),
        b"\x1b[3g\x1b[9G\x1b[65535Z\x1b[65535I".repeat(1_000),
        b"\x1b[22t\x1b[?1049h\x1b[?1049l".repeat(1_000),
        b"\x1b[?2026h".repeat(10_000),
    ] {
        screen.feed(b"\x18\x1bc");
        screen.feed(&flood);
        check(&mut screen);
    }
    assert_eq!(screen.rows_total(), 24);
    // Generous: a debug build on a busy machine. Unbounded, each of these takes minutes.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    // One cell takes a few accents, not 50,000.
    let row = fed(80, 3, format!("e{}", "\u{301}".repeat(500)).as_bytes()).row(0);
    assert_eq!(plain(&row).chars().count(), 5);
}

#[test]
fn colours_and_styles_become_runs() {
    let screen = fed(40, 3, b"a\x1b[1;31mb\x1b[0;38;5;200;48;2;1;2;3mc\x1b[0;7md \x1b[0m  \x1b[90;9;4;3me\x1b[m   ");
    let style = Style::default();
    let run = |text: &str, style| Run { text: text.into(), style };
    assert_eq!(
        screen.row(0).runs,
        [
            run("a", style),
            run("b", Style { fg: Some(Color::Indexed(1)), bold: true, ..style }),
            run("c", Style { fg: Some(Color::Indexed(200)), bg: Some(Color::Rgb(1, 2, 3)), ..style }),
            run("d ", Style { inverse: true, ..style }),
            run("  ", style),
            run("e", Style { fg: Some(Color::Indexed(8)), strike: true, underline: true, italic: true, ..style }),
        ]
    );
    assert!(screen.row(1).runs.is_empty() && screen.row(99).runs.is_empty());
    // Blanks with a background are seen, so they stay.
    assert_eq!(fed(10, 2, b"\x1b[41m  \x1b[0m").row(0).width(), 2);
}

#[test]
fn wide_characters_take_two_columns_once() {
    let screen = fed(6, 3, "漢字ab字".as_bytes());
    assert_eq!(shown(&screen), ["漢字ab", "字", ""]);
    let screen = fed(6, 3, "abcde字".as_bytes());
    assert_eq!(shown(&screen), ["abcde", "字", ""]);
    // Overwritten halves are blank.
    assert_eq!(shown(&fed(6, 2, "漢字\r x".as_bytes()))[0], " x字");
    assert_eq!(shown(&fed(6, 2, "漢b\r\x1b[C\x1b[P".as_bytes()))[0].chars().filter(|c| *c == 'b').count(), 1);
    assert_eq!(shown(&fed(6, 2, "e\u{301}x".as_bytes()))[0], "e\u{301}x");
    // Drawn as one by others, two cells each here: they stay apart, so that widths add up.
    let row = fed(10, 2, "👍🏽x".as_bytes()).row(0);
    assert_eq!((row.width(), row.runs.len()), (5, 2));
}

#[test]
fn a_cut_character_loses_nothing_after_it() {
    let mut screen = Screen::new(20, 2, 0);
    screen.feed(b"\xc3");
    screen.feed(b"\xa9a\xe2");
    screen.feed(b"\x94\x82b");
    assert_eq!(shown(&screen)[0], "éa│b");
}

#[test]
fn a_tab_is_blanks() {
    assert_eq!(shown(&fed(20, 2, b"a\tb"))[0], "a       b");
}

#[test]
fn rows_above_the_screen_can_be_scrolled_to() {
    let lines: String = (0..30).map(|n| format!("line {n}\r\n")).collect();
    let screen = fed(20, 5, lines.as_bytes());
    assert_eq!((screen.history_len(), screen.rows_total()), (26, 31));
    assert_eq!(shown(&screen), ["line 26", "line 27", "line 28", "line 29", ""]);
    assert_eq!(screen.rows(0, 2).iter().map(plain).collect::<Vec<_>>(), ["line 0", "line 1"]);
    assert_eq!(screen.rows(29, 100).iter().map(plain).collect::<Vec<_>>(), ["line 29", ""]);
    assert!(screen.rows(31, 5).is_empty());
    let lines: String = (0..300).map(|n| format!("line {n}\r\n")).collect();
    let screen = fed(20, 5, lines.as_bytes());
    assert_eq!((screen.history_len(), plain(&screen.row(0)).as_str()), (100, "line 196"));
}

#[test]
fn a_resize_wraps_anew() {
    let mut screen = fed(10, 4, b"0123456789abcde\r\nshort");
    assert_eq!(shown(&screen), ["0123456789", "abcde", "short", ""]);
    assert!(screen.is_wrapped(0) && !screen.is_wrapped(1));
    screen.resize(20, 4);
    assert_eq!(shown(&screen)[..2], ["0123456789abcde", "short"]);
    screen.resize(5, 4);
    let all: Vec<String> = screen.rows(0, 99).iter().map(plain).collect();
    assert_eq!(all[..4], ["01234", "56789", "abcde", "short"]);
    for (cols, rows) in [(0, 0), (1, 1), (u16::MAX, u16::MAX), (2, 500), (3, 2)] {
        screen.resize(cols, rows);
        check(&mut screen);
    }
    assert_eq!(screen.size(), (3, 2));
}

#[test]
fn an_editor_on_the_alternate_screen() {
    let mut screen = fed(20, 4, b"$ vi x\r\n\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b[2J\x1b[1;1H~\r\n~\x1b[4;1H\x1b[7m-- INSERT --\x1b[27m");
    assert_eq!(shown(&screen), ["~", "~", "", "-- INSERT --"]);
    let modes = Modes {
        alternate_screen: true,
        app_cursor: true,
        app_keypad: true,
        bracketed_paste: true,
        focus: false,
        mouse: Mouse::Drag,
        sgr_mouse: true,
    };
    assert_eq!((screen.modes(), screen.history_len()), (modes, 0));
    assert_eq!(screen.cursor(), Cursor { row: 3, col: 12, visible: true });
    screen.feed(b"\x1b[?1049l\x1b[?1l\x1b>\x1b[?2004l\x1b[?1002l\x1b[?1006l\x1b[?25l$ ");
    assert_eq!(shown(&screen), ["$ vi x", "$", "", ""]);
    assert_eq!(screen.modes(), Modes::default());
    assert!(!screen.cursor().visible);
}

#[test]
fn only_changed_rows_are_given_out() {
    let mut screen = Screen::new(20, 4, 10);
    assert_eq!(screen.changed().len(), 4);
    assert!(screen.changed().is_empty());
    screen.feed(b"\x1b[2;3Hhello");
    let changed = screen.changed();
    assert_eq!(changed.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1]);
    assert_eq!(plain(&changed[0].1), "  hello");
    screen.feed(b"\x1b[2;3Hhello\x1b[m");
    assert!(screen.changed().is_empty(), "written again is not changed");
    screen.feed(b"\x1b[4;1H\r\n");
    assert_eq!(screen.changed().len(), 2, "scrolling moved one row");
    screen.refresh();
    assert_eq!(screen.changed().len(), 4);
}

/// Bytes a hostile or a busy program may write.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![4 => 0u16..30, 1 => any::<u16>()];
    let csi = (
        prop::sample::select(vec!["", "", "", "?", ">", "=", "<", "!"]),
        prop::collection::vec(number, 0..4),
        prop::sample::select(vec!["", "", "", "", " ", "$", "'", "#"]),
        0x40u8..0x7f,
    )
        .prop_map(|(private, numbers, middle, last)| {
            let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
            [format!("\x1b[{private}{}{middle}", numbers.join(";")).as_bytes(), &[last]].concat()
        });
    let mode = (prop::sample::select(vec![1u16, 3, 6, 7, 12, 25, 1000, 1002, 1049, 2004, 2026]), any::<bool>())
        .prop_map(|(mode, on)| format!("\x1b[?{mode}{}", if on { 'h' } else { 'l' }).into_bytes());
    let insert = any::<bool>().prop_map(|on| if on { b"\x1b[4h".to_vec() } else { b"\x1b[4l".to_vec() });
    let piece = prop_oneof![
        6 => "[ a-z]{1,12}".prop_map(String::into_bytes),
        3 => prop::sample::select(vec!["\r\n", "\n", "\r", "\t", "\u{8}", "\u{e}", "\u{f}", "\u{b}"]).prop_map(|s| s.as_bytes().to_vec()),
        3 => prop::sample::select(vec!["漢", "字字", "e\u{301}", "👩\u{200d}🚀", "👍🏽", "\u{202e}", "لا", "\u{1160}", "🇩🇪", "✔\u{fe0f}"]).prop_map(|s| s.as_bytes().to_vec()),
        8 => csi,
        3 => mode,
        1 => insert,
        2 => (0x20u8..0x7f).prop_map(|last| vec![0x1b, last]),
        1 => prop::sample::select(corpus()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_output_cut_anywhere_gives_one_clean_screen(bytes in output(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut whole = fed(12, 5, &bytes);
        let mut cut = Screen::new(12, 5, 100);
        let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        cuts.windows(2).for_each(|two| cut.feed(&bytes[two[0]..two[1]]));
        prop_assert_eq!(whole.visible(), cut.visible());
        prop_assert_eq!(whole.cursor(), cut.cursor());
        prop_assert_eq!(whole.title(), cut.title());
        check(&mut whole);
        check(&mut cut);
    }

    #[test]
    fn changed_rows_are_all_that_differ(steps in prop::collection::vec((output(), prop::option::weighted(0.1, (2u16..20, 1u16..8))), 1..6)) {
        let mut screen = Screen::new(12, 5, 30);
        let mut mirror: Vec<Row> = Vec::new();
        for (bytes, size) in steps {
            if let Some((cols, rows)) = size {
                screen.resize(cols, rows);
            }
            screen.feed(&bytes);
            mirror.resize(usize::from(screen.size().1), Row::default());
            for (index, row) in screen.changed() {
                mirror[usize::from(index)] = row;
            }
            prop_assert_eq!(&mirror, &screen.visible());
            check(&mut screen);
        }
    }

    #[test]
    fn no_text_keeps_anything_hidden(text in any::<String>()) {
        let kept = ['\n', '\u{fe0e}', '\u{fe0f}'];
        let hidden = sanitize(&text).chars().any(|c| is_hidden(c) && !kept.contains(&c));
        prop_assert!(!hidden);
        let broken = sanitize_line(&text).contains('\n');
        prop_assert!(!broken);
    }
}
