//! Orders that were removed, and lists of orders.

use serde_json::json;

use crate::alphaott::given::assert_removed;
use crate::alphaott::{id_of, ids_of};
use crate::support::fixture::a_shop;

#[tokio::test]
async fn a_removed_order_is_a_tombstone() {
    // Reference 2.7, 36: "204, status `DELETED`"; 5.3: "Unfiltered lists leave out `DELETED`;
    // `status=DELETED` shows them"
    let shop = a_shop().await;
    let order = shop.place(json!({"createCustomerServices": true})).await;
    let path = shop.of_customer(&format!("orders/{}", id_of(&order)));
    assert_removed(&shop.api.delete(&path).await);
    shop.api
        .get(&path)
        .await
        .expect_error(404, "NotFoundError", &id_of(&order));
    assert!(
        shop.services()
            .await
            .iter()
            .all(|s| s["status"] == "DELETED")
    );
    let list = shop.of_customer("orders");
    assert_eq!(shop.api.get(&list).await.expect(200), json!([]));
    let deleted = shop
        .api
        .get(format!("{list}?status=DELETED"))
        .await
        .expect(200);
    assert_eq!(ids_of(&deleted), [id_of(&order)]);
    assert_eq!(deleted[0]["status"], "DELETED");
    shop.api
        .delete(&path)
        .await
        .expect_error(404, "NotFoundError", "");
    let changed = shop.api.put(&path, json!({"status": "ACTTIVE"})).await;
    changed.expect_error(404, "NotFoundError", "");
}

#[tokio::test]
async fn orders_are_filtered_by_status_and_come_in_pages() {
    // Reference 1.4 and 1.6: repeated, bracketed and joined values; both spellings match
    let shop = a_shop().await;
    for status in ["ACTTIVE", "INACTIVE", "CANCELED", "EXPIRED"] {
        shop.place(json!({"_id": status, "status": status})).await;
    }
    for (query, expected) in [
        ("", vec!["ACTTIVE", "INACTIVE", "CANCELED", "EXPIRED"]),
        ("status=ACTIVE", vec!["ACTTIVE"]),
        ("status=ACTTIVE", vec!["ACTTIVE"]),
        (
            "status=EXPIRED&status=INACTIVE",
            vec!["INACTIVE", "EXPIRED"],
        ),
        (
            "status[]=CANCELED&status[]=ACTIVE",
            vec!["ACTTIVE", "CANCELED"],
        ),
        ("status=CANCELED,EXPIRED", vec!["CANCELED", "EXPIRED"]),
        ("limit=2&offset=1", vec!["INACTIVE", "CANCELED"]),
        ("limit=1&status=CANCELED,EXPIRED&offset=1", vec!["EXPIRED"]),
        ("offset=4", vec![]),
    ] {
        let path = shop.of_customer(&format!("orders?{query}"));
        assert_eq!(
            ids_of(&shop.api.get(path).await.expect(200)),
            expected,
            "{query}"
        );
    }
    for (query, named) in [
        ("status=CANCELLED", "status"),
        ("status=", "status"),
        ("status=ACTIVE,x", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("offset=-1", "offset"),
    ] {
        let path = shop.of_customer(&format!("orders?{query}"));
        shop.api
            .get(path)
            .await
            .expect_error(400, "BadRequestError", named);
    }
}
