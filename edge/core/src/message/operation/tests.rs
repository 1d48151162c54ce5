use super::*;

const MODERN: Option<&str> = Some("2026-07-28");

fn headers(method: &str, name: Option<&str>) -> Option<Operation> {
    MessageHeaders { protocol_version: MODERN, method: Some(method), name, ..MessageHeaders::default() }.operation()
}

fn body(text: &str) -> Result<Vec<Operation>, Malformed> {
    operations(text.as_bytes())
}

fn tool(name: &str) -> Operation {
    Operation::Tool(name.to_owned())
}

#[test]
fn modern_headers_tell_the_operation() {
    assert_eq!(headers("tools/call", Some("delete")), Some(tool("delete")));
    assert_eq!(headers("prompts/get", Some("plan")), Some(Operation::Prompt("plan".into())));
    assert_eq!(headers("resources/read", Some("file:///a")), Some(Operation::Resource("file:///a".into())));
    assert_eq!(headers("tools/list", None), Some(Operation::Other));
    assert_eq!(headers("tools/list", Some("ignored")), Some(Operation::Other));
    assert_eq!(headers("notifications/cancelled", None), Some(Operation::Other));
    for unknown in ["Tools/Call", "tools/call ", "tools/invoke", "x", "notifications"] {
        assert_eq!(headers(unknown, Some("delete")), Some(Operation::Unknown), "{unknown:?}");
    }
}

#[test]
fn a_name_may_be_wrapped_in_base64() {
    assert_eq!(headers("tools/call", Some("=?base64?bMO2c2NoZW4=?=")), Some(tool("löschen")));
    for doubtful in ["=?base64?bMO2c2NoZW4?=", "=?base64?!?=", "=?base64?ZGVs", "=?BASE64?ZGVs?=", "=?base64?/w==?="] {
        assert_eq!(headers("tools/call", Some(doubtful)), None, "{doubtful}");
    }
}

#[test]
fn headers_that_leave_a_doubt_tell_nothing() {
    for version in [None, Some("2025-11-25"), Some(""), Some("2027-01-01"), Some("2026-07-28, 2026-07-28")] {
        let told = MessageHeaders {
            protocol_version: version,
            method: Some("tools/list"),
            name: None,
            ..MessageHeaders::default()
        };
        assert_eq!(told.operation(), None, "{version:?}");
    }
    assert_eq!(MessageHeaders { protocol_version: MODERN, ..MessageHeaders::default() }.operation(), None);
    assert_eq!(headers("tools/call", None), None);
    assert_eq!(headers("tools/list, tools/call", Some("a")), None, "two headers");
    assert_eq!(headers("tools/call", Some("harmless, delete")), None, "two headers");
    assert_eq!(headers("tools/call", Some("l\u{f6}schen")), None);
    assert_eq!(headers("completion/complete", Some("a")), None, "only the body tells");
    assert_eq!(headers("subscriptions/listen", None), None, "only the body tells");
}

#[test]
fn a_body_tells_the_operation() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\u0062","arguments":{"name":"x"}}}"#;
    assert_eq!(body(call), Ok(vec![tool("ab")]));
    assert_eq!(
        body(r#"{"method":"resources/subscribe","params":{"uri":"u:1"}}"#),
        Ok(vec![Operation::Resource("u:1".into())])
    );
    assert_eq!(body(r#"{"method":"tools/list"}"#), Ok(vec![Operation::Other]));
    assert_eq!(body(r#"{"method":"tools/Call","params":{"name":"a"}}"#), Ok(vec![Operation::Unknown]));
    assert_eq!(body(r#"{"id":1,"result":{"method":"tools/call"}}"#), Ok(vec![]), "an answer asks for nothing");
    assert_eq!(body(r#"{"id":1,"error":{"code":1}}"#), Ok(vec![]));
    let completion = r#"{"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"plan"}}}"#;
    assert_eq!(body(completion), Ok(vec![Operation::Prompt("plan".into())]));
    let completion = r#"{"method":"completion/complete","params":{"ref":{"type":"ref/other","name":"plan"}}}"#;
    assert_eq!(body(completion), Ok(vec![Operation::Unknown]));
    let listen =
        r#"{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["u:1","u:2"]}}}"#;
    assert_eq!(body(listen), Ok(["u:1", "u:2"].map(|uri| Operation::Resource(uri.into())).into()));
    assert_eq!(body(r#"{"method":"subscriptions/listen","params":{"notifications":{}}}"#), Ok(vec![Operation::Other]));
}

#[test]
fn every_member_of_a_batch_is_judged() {
    let batch = r#"[{"method":"ping"},{"id":1,"result":{}},{"method":"tools/call","params":{"name":"a"}}]"#;
    assert_eq!(body(batch), Ok(vec![Operation::Other, tool("a")]));
    for bad in ["[]", "[[]]", r#"[[{"method":"ping"}]]"#, r#"[{"method":"ping"},1]"#, r#"[{"method":"ping"},{}]"#] {
        assert_eq!(body(bad), Err(Malformed), "{bad}");
    }
}

#[test]
fn what_two_readers_could_read_in_two_ways_is_refused() {
    for bad in [
        r#"{"method":"tools/list","method":"tools/call","params":{"name":"a"}}"#,
        r#"{"method":"tools/list","METHOD":"tools/call","params":{"name":"a"}}"#,
        r#"{"Method":"tools/call","params":{"name":"a"}}"#,
        r#"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"method":"tools/call","params":{"name":"a","Name":"b"}}"#,
        r#"{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#,
        r#"{"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}"#,
        r#"{"method":"tools/list","m\u0065thod":"tools/call"}"#,
        r#"{"method":"tools/call","params":["a"]}"#,
        r#"{"method":"tools/call","params":{"name":1}}"#,
        r#"{"method":"tools/call","params":{}}"#,
        r#"{"method":"tools/call"}"#,
        r#"{"method":["tools/call"],"params":{"name":"a"}}"#,
        r#"{"method":null,"params":{"name":"a"}}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"method":"ping"} {"method":"tools/call","params":{"name":"a"}}"#,
        "\u{feff}{\"method\":\"ping\"}",
        r#""tools/call""#,
        "",
        "{",
    ] {
        assert_eq!(body(bad), Err(Malformed), "{bad}");
    }
    assert_eq!(operations(b"{\"method\":\"p\xffing\"}"), Err(Malformed));
    let deep = format!("{{\"method\":\"ping\",\"params\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(body(&deep), Err(Malformed), "no stack is used up");
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_tool_is_found_whatever_else_is_in_the_message(name in "\\PC{0,20}", other in "\\PC{0,20}") {
            let message = serde_json::json!({
                "jsonrpc": "2.0", "id": other, "method": "tools/call",
                "params": { "arguments": { "name": other, other.clone(): [other] }, "name": name },
            });
            prop_assert_eq!(body(&message.to_string()), Ok(vec![tool(&name)]));
        }

        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = operations(&bytes);
        }
    }
}
