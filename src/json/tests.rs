use super::schema;
use crate::combinator::combinator_kind;
use crate::declare::Value;
use crate::error::Error;
use crate::limits::{MAX_DEPTH, MAX_PARTS};
use crate::spec::{Operand, Spec, leaf_kind};

fn leaf(name: &str, arguments: Vec<Value>) -> Spec {
    Spec::leaf(leaf_kind(name).expect("a shape of that name"), arguments).expect("good arguments")
}

fn combined(of: &Spec, name: &str, arguments: Vec<Value>) -> Result<Spec, Error> {
    of.combined(combinator_kind(name).expect("a combinator of that name"), arguments)
}

fn linear(start: f64, end: f64, steps: u64) -> Spec {
    leaf("linear", vec![Value::Real(start), Value::Real(end), Value::Count(steps)])
}

fn document(schedule: &str) -> String {
    format!(r#"{{"glidepath":1,"schedule":{schedule}}}"#)
}

fn read(schedule: &str) -> Result<Spec, String> {
    from_json(&document(schedule)).map_err(|e| e.to_string())
}

fn from_json(text: &str) -> Result<Spec, Error> {
    super::from_json(text, &|| true)
}

fn to_json(spec: &Spec) -> String {
    super::to_json(spec, &|| true).expect("enough memory")
}

const LINE: &str = r#"{"kind":"linear","start":0.0,"end":0.1,"steps":10}"#;

/// One of everything, with its text.
fn samples() -> Vec<(Spec, String)> {
    let line = linear(0.0, 0.1, 10);
    let triangle =
        leaf("triangle", vec![Value::Real(0.0), Value::Real(1.0), Value::Count(2), Value::Absent, Value::Absent]);
    let stair = leaf("exponential", vec![Value::Real(1.0), Value::Real(0.5), Value::Absent, Value::Flag(true)]);
    let steps = vec![Value::Reals(vec![0.1, 1e300, -2.0].into()), Value::Counts(vec![1, 1 << 53].into())];
    let sides = |x| vec![Operand::Schedule(line.clone()), Operand::Number(x)];
    let made = |spec: Result<Spec, _>| spec.expect("a good combination");
    vec![
        (line.clone(), LINE.into()),
        (triangle, r#"{"kind":"triangle","low":0.0,"high":1.0,"up":2,"down":null,"decay":1.0}"#.into()),
        (stair, r#"{"kind":"exponential","start":1.0,"rate":0.5,"per":1.0,"stair":true}"#.into()),
        (
            leaf("piecewise_constant", steps),
            r#"{"kind":"piecewise_constant","values":[0.1,1e+300,-2.0],"milestones":[1,9007199254740992]}"#.into(),
        ),
        (
            made(line.then(&line, None).and_then(|a| a.then(&line, Some(15)))),
            format!(r#"{{"kind":"then","parts":[{LINE},{LINE},{LINE}],"at":[10,15]}}"#),
        ),
        (made(Spec::sum(sides(5e-324))), format!(r#"{{"kind":"sum","of":[{LINE},5e-324]}}"#)),
        (made(Spec::product(sides(-1.0))), format!(r#"{{"kind":"product","of":[{LINE},-1.0]}}"#)),
        (
            made(combined(&line, "quotient", vec![Value::Real(3.0)])),
            format!(r#"{{"kind":"quotient","of":{LINE},"by":3.0}}"#),
        ),
        (
            made(combined(&line, "clamp", vec![Value::Absent, Value::Real(0.05)])),
            format!(r#"{{"kind":"clamp","of":{LINE},"low":null,"high":0.05}}"#),
        ),
        (made(combined(&line, "delay", vec![Value::Count(0)])), format!(r#"{{"kind":"delay","of":{LINE},"n":0}}"#)),
        (
            made(combined(&line, "repeat", vec![Value::Absent])),
            format!(r#"{{"kind":"repeat","of":{LINE},"times":null}}"#),
        ),
        (
            made(combined(&line, "repeat", vec![Value::Count(7)])),
            format!(r#"{{"kind":"repeat","of":{LINE},"times":7}}"#),
        ),
        (made(combined(&line, "hold", vec![Value::Count(4)])), format!(r#"{{"kind":"hold","of":{LINE},"every":4}}"#)),
        (made(combined(&line, "skip", vec![Value::Count(2)])), format!(r#"{{"kind":"skip","of":{LINE},"n":2}}"#)),
        (made(combined(&line, "stride", vec![Value::Count(2)])), format!(r#"{{"kind":"stride","of":{LINE},"n":2}}"#)),
        (
            made(combined(&line, "stretch", vec![Value::Count(7), Value::Count(5)])),
            format!(r#"{{"kind":"stretch","of":{LINE},"by":7,"over":5}}"#),
        ),
        (
            made(combined(&line, "by_epoch", vec![Value::Count(100)])),
            format!(r#"{{"kind":"by_epoch","of":{LINE},"steps_per_epoch":100}}"#),
        ),
    ]
}

#[test]
fn each_kind_is_written_canonically_and_comes_back() {
    for (spec, text) in samples() {
        assert_eq!(to_json(&spec), document(&text));
        assert_eq!(read(&text), Ok(spec));
    }
}

#[test]
fn a_reader_is_lenient_only_where_nothing_can_be_mistaken() {
    let line = linear(0.0, 2.0, 10);
    let parts = r#"[{"kind":"linear","start":0,"end":2,"steps":10},{"steps":10,"end":2e0,"start":-0,"kind":"linear"}]"#;
    let twice = line.then(&line, None);
    for at in ["", r#","at":null"#, r#","at":[null]"#, r#","at":[10]"#] {
        assert_eq!(read(&format!(r#"{{"kind":"then","parts":{parts}{at}}}"#)).ok(), twice.clone().ok());
    }
    let about = format!(r#" {{"about": "a \"paper\" [[[", "schedule": {LINE},{} "glidepath": 1}} "#, "\n");
    assert_eq!(from_json(&about), Ok(linear(0.0, 0.1, 10)));
    assert_eq!(
        read(&format!(r#"{{"kind":"repeat","of":{LINE}}}"#)).ok(),
        combined(&linear(0.0, 0.1, 10), "repeat", vec![Value::Absent]).ok()
    );
}

#[test]
fn a_wrong_text_is_refused_with_place_value_rule_and_way_out() {
    let finite = "it must be a finite number. Write a number in its place.";
    let quoted = "it must be a finite number. Write the number without quotes.";
    let length =
        "it must be a whole number of steps from 1 to 2**53. For a jump, start the next part at the new value.";
    let written =
        "it must be a whole number of steps from 1 to 2**53. Write it as an integer, 3: no point, no exponent.";
    let negative = "it must be a whole number of steps from 1 to 2**53. \
                    Remove the minus sign, or check the subtraction that gave it.";
    let large = "it must be a whole number of steps from 1 to 2**53. \
                 Use 2**53 or less: not every whole number above it is a float64.";
    let fraction = "it must be a whole number of steps from 1 to 2**53. Round it to a whole number.";
    let start = "it must be a whole number of steps from 1 to 2**53. To start at step 0, leave out what comes before.";
    let leaves: Vec<&str> = crate::curve::LEAF_KINDS.iter().map(|kind| kind.name).collect();
    let kinds = &format!(
        "it must be one of {}, then, sum, product, quotient, clamp, delay, repeat, hold, by_epoch, skip, stride, stretch, \
         or the name of a \
         replay, such as torch.StepLR. `docs/replays.md` lists the replays.",
        leaves.join(", ")
    );
    let of = |place: &str, got: &str, rule: &str| format!("`$.schedule{place}`: got {got}; {rule}");
    let then = |parts: &str, at: &str| format!(r#"{{"kind":"then","parts":[{parts}],"at":{at}}}"#);
    let endless = r#"{"kind":"constant","value":1}"#;
    for (text, message) in [
        (r#"{"kind":"linear","start":0,"end":1,"steps":0}"#.into(), of(".steps", "0", length)),
        (r#"{"kind":"linear","start":0,"end":1,"steps":3.0}"#.into(), of(".steps", "3.0", written)),
        (r#"{"kind":"linear","start":0,"end":1,"steps":-3}"#.into(), of(".steps", "-3", negative)),
        (r#"{"kind":"linear","start":0,"end":1,"steps":-3.0}"#.into(), of(".steps", "-3.0", negative)),
        (r#"{"kind":"linear","start":0,"end":1,"steps":2.5}"#.into(), of(".steps", "2.5", fraction)),
        (
            r#"{"kind":"linear","start":0,"end":1,"steps":9007199254740993}"#.into(),
            of(".steps", "9007199254740993", large),
        ),
        (r#"{"kind":"linear","start":0,"end":1,"steps":99999999999999999999}"#.into(), of(".steps", "1e+20", large)),
        (r#"{"kind":"linear","start":true,"end":1,"steps":1}"#.into(), of(".start", "true", finite)),
        (r#"{"kind":"linear","start":0,"end":1}"#.into(), of(".steps", "nothing", "it must be given.")),
        (
            r#"{"kind":"linear","start":0,"end":1,"steps":1,"stepz":1}"#.into(),
            of(
                "",
                "the key \"stepz\"",
                "beside its kind `linear` has the keys start, end, steps. Did you mean `steps`?",
            ),
        ),
        (
            r#"{"kind":"linear","start":0,"end":1,"steps":1,"about":1}"#.into(),
            of("", "the key \"about\"", "beside its kind `linear` has the keys start, end, steps."),
        ),
        (
            r#"{"kind":"delay","off":1,"n":1}"#.into(),
            of("", "the key \"off\"", "beside its kind `delay` has the keys of, n. Did you mean `of`?"),
        ),
        (r#"{"kind":"linaer"}"#.into(), of(".kind", "\"linaer\"", "there is no such kind. Did you mean `linear`?")),
        (
            r#"{"kind":"StepLr"}"#.into(),
            of(
                ".kind",
                "\"StepLr\"",
                "there is no such kind. Did you mean `torch.StepLR` or `mindspore.experimental.StepLR`?",
            ),
        ),
        (r#"{"kind":"sawtooth"}"#.into(), of(".kind", "\"sawtooth\"", kinds)),
        ("{}".into(), of(".kind", "null", kinds)),
        ("3".into(), of("", "3", "it must be an object with a `kind`.")),
        (r#"{"kind":"table","values":[1,"2"]}"#.into(), of(".values[1]", "\"2\"", quoted)),
        (
            r#"{"kind":"table","values":[]}"#.into(),
            of(".values", "[]", "it must hold at least one value. Give the values themselves."),
        ),
        (then(&format!("{LINE},{LINE}"), "[0]"), of(".at[0]", "0", start)),
        (
            then(&format!("{LINE},{LINE},{LINE}"), "[5,5]"),
            of(
                ".at[1]",
                "5",
                "it must come after the one before, 5. Sort them; they are counted from the schedule's start.",
            ),
        ),
        (
            then(&format!("{LINE},{endless},{LINE}"), "[5,null]"),
            of(
                ".at[1]",
                "nothing",
                "the first part has no end of its own. Say how long it lasts: `a.then(b, at=1000)`.",
            ),
        ),
        (
            then(&format!("{LINE},{LINE}"), "[5,6]"),
            of(
                ".at",
                "2 starts for 2 parts",
                "it must hold one start fewer than there are parts. The first part needs none: it starts at step 0.",
            ),
        ),
        (then(LINE, "[]"), of(".parts", "a list of 1", "there must be two at least. One alone needs no combinator.")),
        (
            format!(r#"{{"kind":"sum","of":[{LINE},[]]}}"#),
            of(".of[1]", "a list", "it must be a number or an object with a `kind`."),
        ),
        (
            r#"{"kind":"product","of":[1,2]}"#.into(),
            of("", "no schedule", "one operand at least must be a schedule. Use `constant`."),
        ),
        (
            format!(r#"{{"kind":"quotient","of":{LINE},"by":0}}"#),
            of(".by", "0.0", "it must not be 0. Multiply by a number instead."),
        ),
        (format!(r#"{{"kind":"quotient","of":{LINE},"by":null}}"#), of(".by", "null", finite)),
        (
            format!(r#"{{"kind":"hold","of":{{"kind":"delay","of":{LINE},"n":null}},"every":3}}"#),
            of(".of.n", "null", "it must be a whole number from 0 to 2**53. Write a number in its place."),
        ),
    ] {
        assert_eq!(read(&text), Err(message), "{text}");
    }
}

#[test]
fn a_wrong_whole_is_refused() {
    let version = "the version of the text form must be 1, the only one that is read here. \
                   A newer glidepath may have written it.";
    let syntax = "it must be one JSON text. NaN and Infinity are not JSON, nor are comments.";
    let no_text = "it must be one JSON text. \
                   It starts with `{`: of a file pass what is in it, without a byte order mark.";
    let large = "it must be one JSON text. A double ends at 1.8e308.";
    let once = "a key may stand in an object once. Drop one of the two.";
    for (text, message) in [
        (r#"{"glidepath":2,"schedule":{}}"#, format!("`$.glidepath`: got 2; {version}")),
        (r#"{"glidepath":1.0,"schedule":{}}"#, format!("`$.glidepath`: got 1.0; {version}")),
        (r#"{"schedule":{}}"#, format!("`$.glidepath`: got nothing; {version}")),
        (r#"{"glidepath":1}"#, "`$.schedule`: got nothing; it must be given.".into()),
        (
            r#"{"glidepath":1,"shedule":{}}"#,
            "`$`: got the key \"shedule\"; a text has the keys glidepath, about, schedule, $schema. \
             Did you mean `schedule`?"
                .into(),
        ),
        (r#"{"glidepath":1,"about":3,"schedule":{}}"#, "`$.about`: got 3; it must be a string.".into()),
        ("[]", "`$`: got a list; it must be an object with `glidepath` and `schedule`.".into()),
        ("", format!("`$`: got bad syntax at line 1 column 0 (EOF while parsing a value); {no_text}")),
        ("lr.json", format!("`$`: got bad syntax at line 1 column 1 (expected value); {no_text}")),
        (
            r#"{"kind":"constant","value":1}"#,
            "`$`: got a schedule; a text is an object with the keys glidepath and schedule. \
             Wrap it: {\"glidepath\": 1, \"schedule\": ...}."
                .into(),
        ),
        (r#"{"$schema":1,"glidepath":1,"schedule":{}}"#, "`$.$schema`: got 1; it must be a string.".into()),
        ("{} x", format!("`$`: got bad syntax at line 1 column 4 (trailing characters); {syntax}")),
        ("[NaN]", format!("`$`: got bad syntax at line 1 column 2 (expected value); {syntax}")),
        ("[1e400]", format!("`$`: got bad syntax at line 1 column 6 (number out of range); {large}")),
        ("{\"a\":1,\n\"a\":2}", format!("`$`: got the key \"a\" twice at line 2 column 3; {once}")),
    ] {
        assert_eq!(from_json(text).map_err(|e| e.to_string()), Err(message), "{text}");
    }
}

/// The deepest text that is read, and one that no parser should follow down, both on a small stack.
#[test]
fn nesting_is_bounded() {
    let work = || {
        let nested = |depth: usize| {
            let (open, close) = (r#"{"kind":"sum","of":[1,"#, "]}");
            document(&format!("{}{LINE}{}", open.repeat(depth), close.repeat(depth)))
        };
        let held = |depth: usize| {
            let (open, close) = (r#"{"kind":"hold","of":{"kind":"sum","of":[1,"#, r#"]},"every":1}"#);
            document(&format!("{}{LINE}{}", open.repeat(depth), close.repeat(depth)))
        };
        assert!(from_json(&nested(MAX_DEPTH as usize - 1)).is_ok());
        let deepest = from_json(&held((MAX_DEPTH as usize - 1) / 2)).expect("at most as deep as can be");
        assert_eq!(from_json(&to_json(&deepest)), Ok(deepest));
        let message = from_json(&held(MAX_DEPTH as usize / 2)).unwrap_err().to_string();
        assert!(message.contains("got depth 201; parts may be nested at most 200 deep"), "{message}");
        assert_eq!(
            from_json(&"[".repeat(1_000_000)).unwrap_err().to_string(),
            "`$`: got a bracket within 402 others at line 1 column 403; brackets may be nested at most 402 deep. \
             Chains of `then`, sums and products may be flat lists."
        );
        assert!(from_json(&format!(r#"["{}"#, "[".repeat(1_000_000))).is_err());
    };
    std::thread::Builder::new().stack_size(1 << 19).spawn(work).expect("a thread").join().expect("no overflow");
}

#[test]
fn a_long_chain_is_read_in_no_time() {
    let n = MAX_PARTS as usize - 1;
    let list = |n: usize| format!(r#"{{"kind":"then","parts":[{LINE}{}]}}"#, format!(",{LINE}").repeat(n - 1));
    let spec = read(&list(n)).expect("as many parts as there may be");
    assert_eq!(spec.steps(), Some(10 * n as u64));
    assert_eq!(from_json(&to_json(&spec)), Ok(spec));
    let message = read(&list(n + 1)).unwrap_err();
    assert!(
        message.starts_with("`$`: got more than 65536 parts; an expression may have at most 65536 parts"),
        "{message}"
    );
}

#[test]
fn the_schema_knows_every_kind() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("JSON");
    for (spec, _) in samples() {
        assert!(schema["$defs"][spec.expr().kind()].is_object(), "{}", spec.expr().kind());
    }
    assert_eq!(schema["$defs"]["linear"]["required"], serde_json::json!(["kind", "start", "end", "steps"]));
    assert_eq!(schema["$defs"]["triangle"]["properties"]["down"]["type"], serde_json::json!(["integer", "null"]));
}
