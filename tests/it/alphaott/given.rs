//! What the integration API's tests start from, made through the API itself.

use serde_json::{Value, json};

use super::{id_of, service_spec_with};
use crate::support::{Answer, Client, TestBox};

/// A customer, two included and one optional service, a product of them and an offer without
/// charges: one month, paid once.
pub struct Shop {
    pub bx: TestBox,
    pub api: Client,
    pub customer: String,
    pub included: Vec<String>,
    pub product: String,
    pub offer: String,
}

impl Shop {
    pub async fn open_in(bx: TestBox) -> Shop {
        let api = bx.api();
        let customer = super::customer(&api).await;
        let radio = json!({"serviceType": "RADIO", "contentType": "RADIO"});
        let films = json!({"serviceType": "VOD", "contentType": "MOVIE"});
        let tv = service_spec_with(&api, json!({})).await;
        let radio = service_spec_with(&api, radio).await;
        let films = service_spec_with(&api, films).await;
        let included = vec![tv, radio];
        let services = json!({"serviceSpecs": included, "optionalServiceSpecs": [films]});
        let product = id_of(&product(&api, services).await);
        let offer = id_of(&offer(&api, &product, json!({})).await);
        Shop {
            bx,
            api,
            customer,
            included,
            product,
            offer,
        }
    }

    pub fn of_customer(&self, rest: &str) -> String {
        format!("/customers/{}/{rest}", self.customer)
    }

    pub fn of_product(&self, rest: &str) -> String {
        format!("/product-specs/{}/{rest}", self.product)
    }

    /// Orders the shop's offer for its customer.
    pub async fn place(&self, extra: Value) -> Value {
        let body = merged(json!({"offer": self.offer}), extra);
        self.api
            .post(self.of_customer("orders"), body)
            .await
            .expect(201)
    }

    pub async fn order(&self, order: &Value) -> Value {
        let path = self.of_customer(&format!("orders/{}", id_of(order)));
        self.api.get(path).await.expect(200)
    }

    pub async fn change(&self, order: &Value, body: Value) -> Value {
        let path = self.of_customer(&format!("orders/{}", id_of(order)));
        self.api.put(path, body).await.expect(200)
    }

    /// Every service of the customer, removed ones too.
    pub async fn services(&self) -> Vec<Value> {
        let path = self.of_customer("services?status=ACTIVE,INACTIVE,EXPIRED,FROZEN,DELETED");
        list(self.api.get(path).await.expect(200))
    }
}

/// A product; with no service of its own unless `extra` names some.
pub async fn product(api: &Client, extra: Value) -> Value {
    let base = json!({"title": "Family", "serviceSpecs": []});
    api.post("/product-specs", merged(base, extra))
        .await
        .expect(201)
}

pub async fn offer(api: &Client, product: &str, extra: Value) -> Value {
    let base = json!({"title": "A month", "type": "ONE_TIME", "duration": 1, "period": "MONTH"});
    let path = format!("/product-specs/{product}/offers");
    api.post(path, merged(base, extra)).await.expect(201)
}

pub fn merged(mut base: Value, extra: Value) -> Value {
    let (Some(into), Value::Object(from)) = (base.as_object_mut(), extra) else {
        panic!("two objects are merged");
    };
    into.extend(from);
    base
}

pub fn list(of: Value) -> Vec<Value> {
    match of {
        Value::Array(elements) => elements,
        other => panic!("a bare array, not {other}"),
    }
}

pub fn absent(of: &Value, key: &str) -> bool {
    of.get(key).is_none()
}

/// Reference 1.5: "204 empty for removals".
pub fn assert_removed(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
}

/// Reference 1.2 for a body that is not what a body has to be, whatever the operation.
pub async fn assert_judges_the_body(api: &Client, method: &str, path: &str) {
    for broken in ["{", "{\"title\":\"a\"", "title=a", "{\"a\":1}x"] {
        let body = Some(broken.as_bytes().to_vec());
        let answer = api.send(method, path, body, &[]).await;
        answer.expect_error(400, "InvalidContent", "Invalid JSON: ");
    }
    for other in ["[]", "\"x\"", "1", "true"] {
        let body = Some(other.as_bytes().to_vec());
        api.send(method, path, body, &[])
            .await
            .expect_error(400, "BadRequestError", "");
    }
}

/// What a client may bring as `_id`.
pub const GOOD_IDS: [&str; 4] = [
    "5915C3BACC8E1E13969DE081",
    "4e8e8494-ef9f-4bc1-9c65-31ef1e372f05",
    "7",
    "~!*'();:@&=+$,x",
];

/// And what it may not.
pub fn bad_ids() -> Vec<Value> {
    vec![
        json!(""),
        json!("with space"),
        json!("x".repeat(65)),
        json!("tab\t"),
        json!("кино"),
        json!(7),
        json!(["a"]),
    ]
}
