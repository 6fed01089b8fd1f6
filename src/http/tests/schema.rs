//! As much of JSON Schema as the document uses: enough to hold real answers and examples against it.

use serde_json::Value;

/// What is wrong with the value, by the schema.
pub fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return check(document, target.ok_or_else(|| format!("{reference} leads nowhere"))?, value);
    }
    if let Some(all_of) = schema["allOf"].as_array() {
        return check(document, &merged(document, all_of), value);
    }
    if let Some(one_of) = schema["oneOf"].as_array() {
        let fitting = one_of.iter().filter(|schema| check(document, schema, value).is_ok()).count();
        return if fitting == 1 { Ok(()) } else { Err(format!("{fitting} alternatives fit {value}")) };
    }
    check_type(&schema["type"], value)?;
    if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
        return Err(format!("{value} is none of {words:?}"));
    }
    let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
    let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
    if value.as_f64().is_some_and(|number| number < least || number > most) {
        return Err(format!("{value} is out of range"));
    }
    for item in value.as_array().into_iter().flatten() {
        check(document, &schema["items"], item)?;
    }
    check_properties(document, schema, value)
}

/// One schema of an object for several.
fn merged(document: &Value, all_of: &[Value]) -> Value {
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    for schema in all_of {
        let target = schema["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#')));
        let schema = target.unwrap_or(schema);
        properties.extend(schema["properties"].as_object().cloned().unwrap_or_default());
        required.extend(schema["required"].as_array().cloned().unwrap_or_default());
    }
    serde_json::json!({"type": "object", "properties": properties, "required": required})
}

fn check_type(types: &Value, value: &Value) -> Result<(), String> {
    let is = |name: &Value| match name.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the check does not know the type {other}"),
    };
    let fits = match types {
        Value::Null => true,
        Value::Array(types) => types.iter().any(is),
        name => is(name),
    };
    if fits { Ok(()) } else { Err(format!("{value} is no {types}")) }
}

fn check_properties(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !object.contains_key(*name)) {
        return Err(format!("{missing} is missing"));
    }
    for (name, value) in object {
        let property = match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null) => return Err(format!("{name} is not described")),
            (Value::Null, Value::Bool(false)) => return Err(format!("{name} is not allowed")),
            (Value::Null, additional) => additional,
            (property, _) => property,
        };
        check(document, property, value).map_err(|fault| format!("{name}: {fault}"))?;
    }
    Ok(())
}
