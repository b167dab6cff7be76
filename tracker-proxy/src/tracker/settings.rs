//! The settings that `@segment/analytics-next` asks for before it sends anything.

use serde_json::{Value as Json, json};

/// The smallest document with which that client sends everything here and nothing elsewhere:
/// `host` is host and port, without a scheme.
pub(super) fn settings(write_key: &str, scheme: &str, host: &str) -> Json {
    let api_host = format!("{host}/v1");
    json!({
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": api_host,
                "protocol": scheme,
                "unbundledIntegrations": [],
                "maybeBundledConfigIds": {},
            },
        },
        "plan": { "track": { "__default": { "enabled": true, "integrations": {} } } },
        // The client counts its own doings, by default at its maker's.
        "metrics": { "sampleRate": 0, "host": api_host },
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    })
}

/// What a page puts into its head: a queue that takes calls at once, and the tracker behind it.
pub(super) fn snippet(write_key: &str, base: &str, integrity: &str) -> String {
    format!(
        r#"<script>
window.segue=window.segue||{{q:[]}};["trackEvent","push","page","setUser","consent","reset"].forEach(function(c){{segue[c]=segue[c]||function(){{segue.q.push([c,arguments])}}}});
</script>
<script async src="{base}/tracker.js" data-key="{write_key}" integrity="{integrity}" crossorigin="anonymous"></script>
"#
    )
}
