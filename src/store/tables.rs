//! All tables of the file, with one line of purpose each.
//!
//! A table's name is part of the file: never rename one, never use a name again.

macro_rules! tables {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// Every table of the file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Table { $($(#[doc = $doc])* $variant,)* }

        impl Table {
            pub const ALL: &'static [Table] = &[$(Table::$variant,)*];

            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Table::$variant => $name,)* }
            }
        }
    };
}

tables! {
    /// Version of the file's layout, signing key, set-up code: facts of which there is one each.
    Meta = "meta",
    /// Next number of every sequence.
    Sequences = "sequences",
    /// How many entries an index has: in each block of 1,024 ids, or in each quarter of an hour.
    Blocks = "blocks",

    /// Customers by id.
    Customers = "customers",
    /// Phone number in E.164 -> customers, deleted ones left out.
    CustomersByPhone = "customers_by_phone",
    /// Unique: folded e-mail -> customer, deleted ones left out.
    CustomersByEmail = "customers_by_email",
    /// Folded e-mail, customer, of deleted ones.
    DeletedByEmail = "deleted_by_email",
    /// Unique: login -> customer, deleted ones left out.
    CustomersByLogin = "customers_by_login",
    /// Counted: status, customer.
    CustomersByStatus = "customers_by_status",
    /// Folded login, customer; deleted ones left out.
    CustomersByFoldedLogin = "customers_by_folded_login",
    /// Counted: reseller, customer; deleted ones left out.
    CustomersByReseller = "customers_by_reseller",
    /// A folded word of the name, or a phone number from its end, customer; deleted ones left out.
    CustomersByToken = "customers_by_token",
    /// Customers whose password has a quick hash only.
    CustomersToHarden = "customers_to_harden",
    /// When "paid until" is over, customer.
    CustomersByEnd = "customers_by_end",
    /// Folded contract number, customer.
    CustomersByAccount = "customers_by_account",

    /// Devices by id, removed ones too.
    Devices = "devices",
    /// Customer, device; removed ones left out.
    DevicesByCustomer = "devices_by_customer",
    /// Unique: client-brought id -> device, removed ones too.
    DevicesByForeign = "devices_by_foreign",
    /// MAC in its usual spelling, device; removed ones left out.
    DevicesByMac = "devices_by_mac",

    /// What boxes have to be told, by id.
    BoxEvents = "box_events",
    /// Device, class, event.
    BoxEventsByDevice = "box_events_by_device",
    /// What every box has to be told, by id.
    Broadcasts = "broadcasts",
    /// What boxes last told us, by device.
    BoxStates = "box_states",

    /// Services (entitlements) by id.
    Services = "services",
    /// Customer, service.
    ServicesByCustomer = "services_by_customer",

    /// Service specs by id.
    ServiceSpecs = "service_specs",
    /// Unique: client-brought id -> service spec.
    ServiceSpecsByForeign = "service_specs_by_foreign",
    /// Unique: external id -> service spec.
    ServiceSpecsByExternal = "service_specs_by_external",

    /// Product specs by id, removed ones too.
    ProductSpecs = "product_specs",
    /// Unique: client-brought id -> product spec.
    ProductSpecsByForeign = "product_specs_by_foreign",
    /// Unique: external id -> product spec.
    ProductSpecsByExternal = "product_specs_by_external",

    /// Product offers by id, removed ones too.
    Offers = "offers",
    /// Unique: client-brought id -> offer.
    OffersByForeign = "offers_by_foreign",
    /// Product spec, offer.
    OffersByProduct = "offers_by_product",

    /// Orders by id.
    Orders = "orders",
    /// Unique: client-brought id -> order.
    OrdersByForeign = "orders_by_foreign",
    /// Customer, order.
    OrdersByCustomer = "orders_by_customer",

    /// Counted: status and standing, order.
    OrdersByState = "orders_by_state",
    /// Counted: product spec, status and standing, order.
    OrdersByProduct = "orders_by_product",
    /// Timed: when something of it is due, order.
    OrdersByDue = "orders_by_due",
    /// Run, order, of those that a held run would have billed.
    OrdersHeld = "orders_held",
    /// What the guard compares runs with, and which run it holds.
    RunGuards = "run_guards",

    /// What customers brought in a month when it was last counted, by customer.
    CustomerRevenues = "customer_revenues",
    /// What was brought in a month, and how that moved, by day.
    RevenueDays = "revenue_days",

    /// The journal by id.
    Journal = "journal",
    /// Running totals by account and currency.
    AccountTotals = "account_totals",
    /// Invoices and credit notes by number.
    Invoices = "invoices",
    /// Customer, invoice.
    InvoicesByCustomer = "invoices_by_customer",
    /// Unique: order and cycle -> invoice.
    InvoicesByCycle = "invoices_by_cycle",
    /// Timed: when it was issued, invoice.
    InvoicesByIssue = "invoices_by_issue",
    /// Counted: credit notes.
    CreditNotes = "credit_notes",
    /// Invoice, its credit notes.
    CreditNotesByInvoice = "credit_notes_by_invoice",
    /// What is not paid of an invoice, by its number.
    OpenInvoices = "open_invoices",
    /// Customer, open invoice.
    OpenInvoicesByCustomer = "open_invoices_by_customer",
    /// Timed: when it is to be paid, open invoice.
    OpenInvoicesByDue = "open_invoices_by_due",
    /// Counted: open invoices.
    OpenInvoicesByNumber = "open_invoices_by_number",
    /// What is open of negative opening balances, by customer.
    OpeningDebts = "opening_debts",
    /// When something is due about one, customer.
    OpeningDebtsByDue = "opening_debts_by_due",
    /// Payments and refunds by id.
    Payments = "payments",
    /// Customer, payment.
    PaymentsByCustomer = "payments_by_customer",
    /// Unique: method and the provider's reference -> payment.
    PaymentsByReference = "payments_by_reference",
    /// Unique: the caller's key -> payment.
    PaymentsByKey = "payments_by_key",
    /// Payments of which somebody has to say how they ended.
    PaymentsOpen = "payments_open",
    /// When a payment that is processing is to be looked after, payment.
    PaymentsByDue = "payments_by_due",
    /// Batches of vouchers by id.
    VoucherBatches = "voucher_batches",
    /// Vouchers by id.
    Vouchers = "vouchers",
    /// Unique: hash of the code -> voucher.
    VouchersByCode = "vouchers_by_code",
    /// Batch, voucher.
    VouchersByBatch = "vouchers_by_batch",
    /// Keys under which callers asked for something once, by id, which is their order in time.
    UsedKeys = "used_keys",
    /// Unique: the key -> its use.
    UsedKeysByKey = "used_keys_by_key",
    /// Runs of the billing by id.
    Runs = "runs",

    /// Hosted pages by id.
    HostedPages = "hosted_pages",
    /// Unique: code -> hosted page.
    HostedPagesByCode = "hosted_pages_by_code",

    /// Customers of the middleware that this box bills for, by our number.
    Counterparts = "counterparts",
    /// Unique: the middleware's id -> customer.
    CounterpartsByThere = "counterparts_by_there",
    /// Customers of whom the middleware has to be told something.
    CounterpartsUntold = "counterparts_untold",
    /// Payment pages of the billing system that this box forwards to, by id.
    BillingPages = "billing_pages",
    /// Unique: the billing system's id -> page.
    BillingPagesByThere = "billing_pages_by_there",

    /// What is to be written to customers, by id.
    Messages = "messages",
    /// Lane, when a message is to be sent, message.
    MessagesByDue = "messages_by_due",
    /// Messages that could not be sent.
    MessagesDead = "messages_dead",
    /// Customer, message.
    MessagesByCustomer = "messages_by_customer",
    /// Partner, customer, message that the partner asked for.
    MessagesByPartner = "messages_by_partner",
    /// Unique: partner, its own id -> message.
    MessagesByExt = "messages_by_ext",
    /// The operator's wordings by kind and language.
    Templates = "templates",

    /// Customers' activity by id.
    Activities = "activities",
    /// Customer, activity.
    ActivitiesByCustomer = "activities_by_customer",
    /// The audit log by id.
    Audits = "audits",
    /// Kind of record and its number, line, of customers, their devices and orders.
    AuditsBySubject = "audits_by_subject",

    /// Staff by id.
    Operators = "operators",
    /// Unique: name -> operator.
    OperatorsByName = "operators_by_name",
    /// Integration tokens by their `jti`.
    Tokens = "tokens",
    /// Sign-ins by the hash of their secret.
    Sessions = "sessions",

    /// The operator's own company.
    Providers = "provider",
    /// Channels by id.
    Channels = "channels",
    /// Programmes by id.
    Programmes = "programmes",
    /// Channel, start, programme.
    ProgrammesByChannel = "programmes_by_channel",
    /// Genres by id.
    Genres = "genres",
    /// Movies by id.
    Movies = "movies",
    /// What the last import of each source did, step by step.
    ImportSteps = "import_steps",
    /// Source, step.
    ImportStepsBySource = "import_steps_by_source",
    /// Resellers by id.
    Resellers = "resellers",
    /// Partners by id.
    Partners = "partners",
    /// Unique: key -> partner.
    PartnersByKey = "partners_by_key",
    /// Unique: hash of an API key, the old one too -> partner.
    PartnersByApiKey = "partners_by_api_key",
    /// Charges and refunds of partners by id.
    PartnerTransactions = "partner_transactions",
    /// Unique: partner, its own id -> transaction.
    PartnerTransactionsByExt = "partner_transactions_by_ext",
    /// Customer, time -> charges that succeeded, or may.
    PartnerTransactionsByCustomer = "partner_transactions_by_customer",
    /// Partner, time of completion -> transactions that succeeded.
    PartnerTransactionsByPartner = "partner_transactions_by_partner",
    /// One-time PINs by id.
    Pins = "pins",
    /// Unique: the name that a partner has for it -> PIN.
    PinsByPublic = "pins_by_public",
    /// Partner, customer, PIN.
    PinsByAccount = "pins_by_account",
    /// Months of partners that are settled, by id.
    ClosedMonths = "closed_months",
    /// Unique: partner, month -> closed month.
    ClosedMonthsByMonth = "closed_months_by_month",
    /// Partner -> transactions that are processing.
    PartnerTransactionsOpen = "partner_transactions_open",
    /// When the carrier is asked again, transaction.
    PartnerTransactionsByDue = "partner_transactions_by_due",

    /// Addresses that are told what happens, by id.
    Webhooks = "webhooks",
    /// What happened and is told, by id.
    HookEvents = "hook_events",
    /// One event for one webhook, by id.
    Deliveries = "deliveries",
    /// Counted: webhook, state, delivery.
    DeliveriesByState = "deliveries_by_state",
    /// Webhook, when it is tried next, delivery.
    DeliveriesByDue = "deliveries_by_due",
    /// Webhook, object, delivery, of those that wait.
    DeliveriesByObject = "deliveries_by_object",
    /// Event, delivery.
    DeliveriesByEvent = "deliveries_by_event",
    /// When it is removed, delivery.
    DeliveriesByEnd = "deliveries_by_end",

    /// What customers have at partners, by id.
    PartnerSubscriptions = "partner_subscriptions",
    /// Customer, partner, subscription, of those that go on.
    PartnerSubscriptionsByCustomer = "partner_subscriptions_by_customer",
    /// What partners have to be told, by id.
    PartnerCalls = "partner_calls",
    /// Partner, state, call.
    PartnerCallsByPartner = "partner_calls_by_partner",
    /// Partner, when it is tried next, call.
    PartnerCallsByDue = "partner_calls_by_due",
    /// Subscription, call, of those that wait.
    PartnerCallsBySubscription = "partner_calls_by_subscription",
    /// When it was over, call.
    PartnerCallsByEnd = "partner_calls_by_end",
}
