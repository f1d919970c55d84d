//! One customer, two dialects: what is changed through the Stalker API shows in the AlphaOTT API in
//! the next request, and the other way round. `across_rights.rs` has packages and channels,
//! `across_money.rs` plans and money.

use serde_json::{Value, json};

use super::{A, B, C, House, Says, all};
use crate::support::Client;
use crate::support::fixture::a_house_with_both_apis;

/// The operator's two billing systems.
pub struct Both {
    pub house: House,
    pub api: Client,
}

impl Both {
    pub fn of(house: House) -> Both {
        let api = house.bx.api();
        Both { house, api }
    }

    /// A customer of the AlphaOTT API by login.
    pub async fn customer(&self, login: &str) -> Value {
        let list = self.api.get("/customers?limit=100").await.expect(200);
        let found = list.as_array().expect("a list").iter();
        let mut found = found.filter(|customer| customer["login"] == login);
        found
            .next()
            .unwrap_or_else(|| panic!("no {login}: {list}"))
            .clone()
    }

    pub async fn path(&self, login: &str, rest: &str) -> String {
        let customer = self.customer(login).await;
        format!(
            "/customers/{}{rest}",
            customer["_id"].as_str().expect("an id")
        )
    }

    pub async fn list(&self, login: &str, what: &str) -> Vec<Value> {
        let path = self.path(login, &format!("/{what}")).await;
        self.api
            .get(path)
            .await
            .expect(200)
            .as_array()
            .expect("a list")
            .clone()
    }

    /// The active ones of a list.
    pub async fn active(&self, login: &str, what: &str) -> Vec<Value> {
        let mut list = self.list(login, what).await;
        list.retain(|element| {
            ["ACTIVE", "ACTTIVE"].contains(&element["status"].as_str().unwrap_or(""))
        });
        list
    }

    pub async fn change(&self, login: &str, body: Value) -> Value {
        self.api
            .put(self.path(login, "").await, body)
            .await
            .expect(200)
    }

    /// Id of a service or product specification by its title.
    pub async fn spec(&self, list: &str, title: &str) -> String {
        let specs = self.api.get(format!("/{list}?limit=100")).await.expect(200);
        let mut found = specs.as_array().expect("a list").iter();
        let spec = found.find(|spec| spec["title"] == title);
        let spec = spec.unwrap_or_else(|| panic!("no {title}: {specs}"));
        spec["_id"].as_str().expect("an id").to_owned()
    }

    /// What active services are for: ids of specifications, `channel:N` for single channels.
    pub async fn services(&self, login: &str) -> Vec<String> {
        let services = self.active(login, "services").await;
        let mut specs = all(&json!(services), "serviceSpec");
        specs.sort();
        specs
    }

    /// MACs of the boxes that are in use.
    pub async fn macs(&self, login: &str) -> Vec<String> {
        let mut devices = self.active(login, "devices").await;
        devices.retain(|device| device["type"] == "STB" && device["mac"] != "");
        all(&json!(devices), "mac")
    }
}

#[tokio::test]
async fn a_status_is_one() {
    let both = a_house_with_both_apis().await;
    for (form, status) in [("status=0", "INACTIVE"), ("status=1", "ACTIVE")] {
        both.house.rest.put("/users/3210", form).await.ok();
        assert_eq!(both.customer("3210").await["status"], status);
    }
    for (status, shown) in [
        ("INACTIVE", 0),
        ("ACTIVE", 1),
        ("AWAITING_AUTHORIZATION", 0),
        ("ACTIVE", 1),
        ("SUSPENDED_BY_CUSTOMER", 0),
        ("ACTIVE", 1),
        ("SUSPENDED_BY_BILLING", 0),
    ] {
        both.change("3210", json!({"status": status})).await;
        assert_eq!(
            both.house.account("3210").await["status"],
            shown,
            "{status}"
        );
        let row = both.house.rest.get(&format!("/stb/{A}")).await.ok();
        assert_eq!(row[0]["status"], shown, "{status}");
    }
    // "writing 1 makes the customer ACTIVE", from any state.
    for status in [
        "SUSPENDED_BY_BILLING",
        "SUSPENDED_BY_CUSTOMER",
        "AWAITING_AUTHORIZATION",
    ] {
        both.change("3210", json!({"status": status})).await;
        assert_eq!(
            both.house.rest.put("/users/3210", "status=1").await.ok(),
            true
        );
        assert_eq!(both.customer("3210").await["status"], "ACTIVE", "{status}");
    }
    // And through the view of boxes.
    both.house
        .rest
        .put(&format!("/stb/{A}"), "status=0")
        .await
        .ok();
    assert_eq!(both.customer("3210").await["status"], "INACTIVE");
}

#[tokio::test]
async fn a_status_set_by_the_other_api_reaches_the_box() {
    let both = a_house_with_both_apis().await;
    for (status, event) in [("SUSPENDED_BY_BILLING", "cut_off"), ("ACTIVE", "cut_on")] {
        both.change("3210", json!({"status": status})).await;
        assert_eq!(both.house.names(A).await, [event], "{status}");
    }
    assert_eq!(both.house.names(B).await, [""; 0]);
}

#[tokio::test]
async fn names_and_phones_are_one() {
    let both = a_house_with_both_apis().await;
    both.house
        .rest
        .put("/users/3210", "full_name=Ann+Lee+Smith&phone=%2B1")
        .await
        .ok();
    let customer = both.customer("3210").await;
    assert_eq!(customer["firstName"], "Ann");
    assert_eq!(customer["lastName"], "Lee Smith");
    assert_eq!(customer["phones"][0], "+1");
    assert_eq!(
        both.house.account("3210").await["full_name"],
        "Ann Lee Smith"
    );

    both.change("3210", json!({"firstName": "Bob", "phones": ["+2", "+3"]}))
        .await;
    let account = both.house.account("3210").await;
    assert_eq!(account["full_name"], "Bob Lee Smith");
    assert_eq!(account["phone"], "+2");
    both.change("3210", json!({"lastName": "", "phones": []}))
        .await;
    let account = both.house.account("3210").await;
    assert_eq!(account["full_name"], "Bob");
    assert_eq!(account["phone"], "");

    both.change("3210", json!({"phones": ["+2", "+3"]})).await;
    both.house.rest.put("/users/3210", "phone=%2B4").await.ok();
    assert_eq!(both.customer("3210").await["phones"][0], "+4");
    both.house.rest.put("/users/3210", "full_name=").await.ok();
    let customer = both.customer("3210").await;
    assert_eq!(
        (&customer["firstName"], &customer["lastName"]),
        (&json!(""), &json!(""))
    );
}

#[tokio::test]
async fn contract_and_login_are_one() {
    let both = a_house_with_both_apis().await;
    both.house.rest.put("/stb/3", "ls=777").await.ok();
    let customer = both.customer("3").await;
    assert_eq!(customer["accountNumber"], "777");
    let refs = customer["externalRefs"].as_array().expect("a list");
    assert!(
        refs.contains(&json!({"type": "accountNumber", "id": "777"})),
        "{customer}"
    );
    both.change("3", json!({"accountNumber": "K-8", "login": "three"}))
        .await;
    let row = both.house.rest.get("/stb/K-8").await.ok()[0].clone();
    assert_eq!(
        (&row["ls"], &row["login"], &row["mac"]),
        (&json!("K-8"), &json!("three"), &json!(C))
    );
    assert_eq!(both.house.rest.get("/stb/777").await.ok(), json!([]));
    both.house
        .rest
        .get("/users/3")
        .await
        .refused("Account not found");
    both.house
        .rest
        .put("/users/three", "login=drei&account_number=")
        .await
        .ok();
    let customer = both.customer("drei").await;
    assert!(
        customer["accountNumber"].as_str().unwrap_or("").is_empty(),
        "{customer}"
    );
    // A login taken by one is taken for the other.
    let form = json!({"login": "drei"});
    both.api
        .post("/customers", form)
        .await
        .expect_error(409, "ConflictError", "");
    both.api
        .post("/customers", json!({"login": "four"}))
        .await
        .expect(201);
    both.house
        .rest
        .post("/users", "login=four")
        .await
        .refused("Login already in use");
}

#[tokio::test]
async fn a_box_is_a_device() {
    let both = a_house_with_both_apis().await;
    let device = both.active("3210", "devices").await[0].clone();
    assert_eq!(
        (&device["mac"], &device["type"]),
        (&json!(A), &json!("STB"))
    );
    let account = both.house.account("3210").await;
    assert_eq!(
        (&account["stb_sn"], &account["stb_type"]),
        (&device["serial"], &device["model"])
    );

    let new = "00:1A:79:00:0D:01";
    both.house
        .rest
        .put("/users/3210", &format!("stb_mac={new}"))
        .await
        .ok();
    assert_eq!(both.macs("3210").await, [new]);
    both.house.rest.put("/users/3210", "stb_mac=").await.ok();
    assert_eq!(both.macs("3210").await, [""; 0]);

    let body = json!({"type": "STB", "mac": "00-1a-79-00-0d-02", "serial": "S", "model": "MAG500"});
    let path = both.path("nobox", "/devices").await;
    let devices = both.api.post(&path, body).await.expect(201);
    let account = both.house.account("00:1A:79:00:0D:02").await;
    for (field, value) in [
        ("login", "nobox"),
        ("stb_mac", "00:1A:79:00:0D:02"),
        ("stb_sn", "S"),
        ("stb_type", "MAG500"),
    ] {
        assert_eq!(account[field], value, "{field}");
    }
    let device = devices[0]["_id"].as_str().expect("an id");
    assert_eq!(
        both.api.delete(format!("{path}/{device}")).await.status,
        204
    );
    assert_eq!(both.house.account("nobox").await["stb_mac"], "");
}

#[tokio::test]
async fn a_mac_has_one_account_whoever_gives_it() {
    let both = a_house_with_both_apis().await;
    let path = both.path("nobox", "/devices").await;
    let taken = both.api.post(&path, json!({"type": "STB", "mac": A})).await;
    taken.expect_error(409, "ConflictError", "");
    let mac = "00:1A:79:00:0D:03";
    both.api
        .post(&path, json!({"type": "STB", "mac": mac}))
        .await
        .expect(201);
    let text = "MAC address already in use";
    both.house
        .rest
        .put("/users/3210", &format!("stb_mac={mac}"))
        .await
        .refused(text);
    both.house
        .rest
        .post("/users", &format!("login=x&stb_mac={mac}"))
        .await
        .refused(text);
    let made = both.house.rest.post("/stb", &format!("mac={mac}")).await;
    made.refused("Stb already exists");
}

#[tokio::test]
async fn a_new_account_is_a_customer() {
    let both = a_house_with_both_apis().await;
    let form = "login=n&full_name=New+One&phone=5&account_number=9&stb_mac=001a79000d04&status=0";
    both.house.rest.post("/accounts", form).await.ok();
    let customer = both.customer("n").await;
    for (field, value) in [
        ("firstName", "New"),
        ("lastName", "One"),
        ("accountNumber", "9"),
        ("status", "INACTIVE"),
    ] {
        assert_eq!(customer[field], value, "{field}");
    }
    assert_eq!(both.macs("n").await, ["00:1A:79:00:0D:04"]);
    // And the other way round, also without a login.
    let body = json!({"firstName": "Ada", "lastName": "L", "accountNumber": "ada-1"});
    both.api.post("/customers", body).await.expect(201);
    let account = both.house.rest.get("/accounts/ada-1").await.ok()[0].clone();
    for (field, value) in [
        ("login", json!("")),
        ("full_name", json!("Ada L")),
        ("status", json!(1)),
        ("stb_mac", json!("")),
        ("tariff_plan", json!("FULL")),
        ("online", json!("0")),
    ] {
        assert_eq!(account[field], value, "{field}");
    }
    assert_eq!(
        all(&both.house.accounts().await, "login").last().unwrap(),
        ""
    );
}

#[tokio::test]
async fn what_is_deleted_is_gone_for_both_and_free() {
    let both = a_house_with_both_apis().await;
    let (of_a, of_c) = (both.path("3210", "").await, both.path("3", "").await);
    assert_eq!(both.house.rest.delete("/users/3210").await.ok(), true);
    both.api
        .get(&of_a)
        .await
        .expect_error(404, "NotFoundError", "");
    assert_eq!(both.api.delete(&of_c).await.status, 204);
    both.house
        .rest
        .get("/users/3")
        .await
        .refused("Account not found");
    both.house
        .rest
        .get("/accounts/3")
        .await
        .refused("Account not found");
    assert_eq!(
        both.house.rest.get(&format!("/stb/{C}")).await.ok(),
        json!([])
    );
    assert_eq!(
        all(&both.house.accounts().await, "login"),
        ["3211", "nobox"]
    );
    // Logins and MACs are free again, for either.
    let form = format!("login=3&stb_mac={C}&account_number=3");
    assert_eq!(both.house.rest.post("/accounts", &form).await.ok(), true);
    let made = both
        .api
        .post("/customers", json!({"login": "3210"}))
        .await
        .expect(201);
    let path = format!(
        "/customers/{}/devices",
        made["_id"].as_str().expect("an id")
    );
    both.api
        .post(path, json!({"type": "STB", "mac": A}))
        .await
        .expect(201);
    assert_eq!(both.house.account("3210").await["stb_mac"], A);
    // Setting the state says the same as deleting.
    both.change("3211", json!({"status": "DELETED"})).await;
    both.house
        .rest
        .get("/users/3211")
        .await
        .refused("Account not found");
}
