//! Shoppers who browse, sign in, fill baskets and buy, tracked with the SDK.

use std::time::Duration;

use segue_sdk::events::{Basket, Buy, ItemClick, Search, Visit};
use segue_sdk::{Client, Event};
use serde_json::json;

const SHOPPERS: usize = 80;
/// What all of them together do in a second.
const STEPS_PER_SECOND: u32 = 100;
const BRANDS: [&str; 4] = ["northwind", "fjord", "tundra", "harbour"];

/// All shoppers, and the dice that they roll.
#[derive(Debug)]
pub(crate) struct Crowd {
    dice: Dice,
    shoppers: Vec<Shopper>,
    orders: u32,
}

/// One shopper: at first only a browser, known by a number of its own.
#[derive(Debug)]
struct Shopper {
    user_id: String,
    anonymous_id: String,
    signed_in: bool,
    favourite: usize,
    basket: Vec<Product>,
    baskets: u32,
}

#[derive(Debug, Clone)]
struct Product {
    id: String,
    brand: &'static str,
    price: f64,
}

/// Lets the crowd shop; each step is a call or a few to the SDK, none of which waits.
pub(crate) async fn shop(mut crowd: Crowd, client: Client, seconds: u64) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / STEPS_PER_SECOND);
    for _ in 0..seconds * u64::from(STEPS_PER_SECOND) {
        ticks.tick().await;
        crowd.step(&client);
    }
}

impl Crowd {
    pub(crate) fn seeded(seed: u64) -> Self {
        let mut dice = Dice::seeded(seed);
        let shoppers = (0..SHOPPERS)
            .map(|number| Shopper {
                user_id: format!("{}", 1_000 + number),
                anonymous_id: format!("browser-{number}"),
                signed_in: false,
                favourite: dice.below(BRANDS.len()),
                basket: Vec::new(),
                baskets: 0,
            })
            .collect();
        Self {
            dice,
            shoppers,
            orders: 0,
        }
    }

    /// One shopper does one thing.
    fn step(&mut self, client: &Client) {
        let at = self.dice.below(SHOPPERS);
        let product = self.product(at);
        let roll = self.dice.below(100);
        let shopper = &mut self.shoppers[at];
        match roll {
            0..55 => shopper.visit(client, &product),
            55..62 => shopper.search(client, &product),
            62..82 => shopper.add(client, product),
            82..90 if !shopper.signed_in => shopper.sign_in(client, roll.is_multiple_of(2)),
            82..90 => shopper.click(client, &product),
            _ if shopper.signed_in => {
                self.orders += 1;
                shopper.buy(client, self.orders);
            }
            _ => shopper.clear(client),
        }
    }

    /// Half of the time one of the shopper's favourite brand.
    fn product(&mut self, at: usize) -> Product {
        let number = self.dice.below(200);
        let favourite = self.shoppers[at].favourite;
        let brand = [favourite, self.dice.below(BRANDS.len())][self.dice.below(2)];
        Product {
            id: format!("p-{number}"),
            brand: BRANDS[brand],
            price: 9.5 + f64::from(u16::try_from(number).unwrap_or_default()),
        }
    }
}

impl Shopper {
    /// Tracks as whoever the shopper is known to be.
    fn track(&self, client: &Client, event: &impl Event) {
        // Whatever becomes of an event is in the report of the client.
        if self.signed_in {
            client.user(&self.user_id).track(event);
        } else {
            client.anonymous(&self.anonymous_id).track(event);
        }
    }

    fn visit(&self, client: &Client, product: &Product) {
        let visit = Visit {
            product_id: &product.id,
            brand_id: Some(product.brand),
            price: Some(product.price),
            currency: Some("EUR"),
            ..Visit::default()
        };
        self.track(client, &visit);
    }

    fn click(&self, client: &Client, product: &Product) {
        let click = ItemClick {
            product_id: &product.id,
            module: Some("also-bought"),
        };
        self.track(client, &click);
    }

    fn search(&self, client: &Client, product: &Product) {
        let search = Search {
            phrase: product.brand,
            ..Search::default()
        };
        self.track(client, &search);
    }

    fn add(&mut self, client: &Client, product: Product) {
        if self.basket.iter().all(|inside| inside.id != product.id) {
            self.basket.push(product);
        }
        self.show_basket(client);
    }

    fn clear(&mut self, client: &Client) {
        if !self.basket.is_empty() {
            self.basket.clear();
            self.show_basket(client);
        }
    }

    fn show_basket(&self, client: &Client) {
        let products: Vec<&str> = self.basket.iter().map(|inside| &*inside.id).collect();
        let basket = Basket {
            product_ids: &products,
            basket_id: Some(&self.basket_id()),
        };
        self.track(client, &basket);
    }

    /// From here on the browser's past is the user's.
    fn sign_in(&mut self, client: &Client, newsletter: bool) {
        self.signed_in = true;
        let person = client.visitor(&self.user_id, &self.anonymous_id);
        let email = format!("shopper-{}@shop.example", self.user_id);
        person.identify(&json!({ "email": email, "newsletter": newsletter }));
    }

    fn buy(&mut self, client: &Client, order: u32) {
        let (order_id, basket_id) = (format!("o-{order}"), self.basket_id());
        for product in self.basket.drain(..) {
            let line = Buy {
                basket_id: Some(&basket_id),
                ..Buy::line(&order_id, &product.id)
            };
            client
                .user(&self.user_id)
                .track(&line.priced(product.price, "EUR"));
        }
        self.baskets += 1;
    }

    fn basket_id(&self) -> String {
        format!("{}-{}", self.anonymous_id, self.baskets)
    }
}

/// Seeded dice (xorshift64*).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn seeded(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // Close seeds begin alike.
        for _ in 0..8 {
            dice.below(1);
        }
        dice
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(bits).unwrap_or_default() % bound
    }
}
