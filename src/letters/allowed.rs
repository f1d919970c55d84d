//! What a wording may contain: places to fill in, conditions, loops over what a letter lists, and
//! four filters. Nothing that builds new values: a few hundred bytes of nested lists, joined texts
//! or assignments can ask for gigabytes of memory.
//!
//! Must not know which places a kind of letter has.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Stmt};
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;

/// Filters that a wording may use.
pub const FILTERS: [&str; 4] = ["default", "lower", "replace", "upper"];
/// Deepest nesting of statements and expressions.
const DEPTH_MAX: usize = 32;

/// Refuses a template that does more than fill places in; the error says what it may not do.
pub fn check(text: &str) -> Result<(), String> {
    let parsed = parse(text, "wording", SyntaxConfig::default());
    statement(&parsed.map_err(|error| error.to_string())?, DEPTH_MAX)
}

fn statements(all: &[Stmt<'_>], depth: usize) -> Result<(), String> {
    all.iter().try_for_each(|one| statement(one, depth))
}

fn deeper(depth: usize) -> Result<usize, String> {
    depth
        .checked_sub(1)
        .ok_or_else(|| format!("nests deeper than {DEPTH_MAX} levels"))
}

fn statement(one: &Stmt<'_>, depth: usize) -> Result<(), String> {
    let depth = deeper(depth)?;
    match one {
        Stmt::Template(template) => statements(&template.children, depth),
        Stmt::EmitRaw(_) => Ok(()),
        Stmt::EmitExpr(emit) => expression(&emit.expr, depth),
        Stmt::IfCond(condition) => {
            expression(&condition.expr, depth)?;
            statements(&condition.true_body, depth)?;
            statements(&condition.false_body, depth)
        }
        Stmt::ForLoop(each) => {
            if each.recursive {
                return Err("a loop must not be recursive".to_owned());
            }
            if !matches!(each.iter, Expr::Var(_)) {
                return Err("a loop goes over a place, such as lines".to_owned());
            }
            expression(&each.target, depth)?;
            if let Some(filter) = &each.filter_expr {
                expression(filter, depth)?;
            }
            statements(&each.body, depth)?;
            statements(&each.else_body, depth)
        }
        _ => Err("only if and for may stand in {% %}".to_owned()),
    }
}

fn expression(one: &Expr<'_>, depth: usize) -> Result<(), String> {
    let depth = deeper(depth)?;
    match one {
        Expr::Var(_) | Expr::Const(_) => Ok(()),
        Expr::UnaryOp(op) => expression(&op.expr, depth),
        Expr::BinOp(op) => {
            let builds = matches!(
                op.op,
                BinOpKind::Add
                    | BinOpKind::Sub
                    | BinOpKind::Mul
                    | BinOpKind::Div
                    | BinOpKind::FloorDiv
                    | BinOpKind::Rem
                    | BinOpKind::Pow
                    | BinOpKind::Concat
            );
            if builds {
                return Err("must not calculate or join values: write them side by side".to_owned());
            }
            expression(&op.left, depth)?;
            expression(&op.right, depth)
        }
        Expr::Compare(compare) => {
            expression(&compare.expr, depth)?;
            let mut others = compare.ops.iter();
            others.try_for_each(|op| expression(&op.expr, depth))
        }
        Expr::IfExpr(choice) => {
            expression(&choice.test_expr, depth)?;
            expression(&choice.true_expr, depth)?;
            let other = choice.false_expr.as_ref();
            other.map_or(Ok(()), |other| expression(other, depth))
        }
        Expr::Filter(filter) => {
            if !FILTERS.contains(&filter.name) {
                return Err(format!("there is no filter {}", filter.name));
            }
            if let Some(filtered) = &filter.expr {
                expression(filtered, depth)?;
            }
            arguments(&filter.args, depth)
        }
        Expr::Test(test) => {
            expression(&test.expr, depth)?;
            arguments(&test.args, depth)
        }
        // `loop.last` and the like.
        Expr::GetAttr(part) if matches!(&part.expr, Expr::Var(var) if var.id == "loop") => Ok(()),
        Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Slice(_) => {
            Err("a place has no parts".to_owned())
        }
        Expr::Call(call) => match &call.expr {
            Expr::Var(var) => Err(format!("must not call {}", var.id)),
            _ => Err("must not call anything".to_owned()),
        },
        Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => {
            Err("must not contain lists or tables of its own".to_owned())
        }
    }
}

fn arguments(all: &[CallArg<'_>], depth: usize) -> Result<(), String> {
    all.iter().try_for_each(|one| match one {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) => expression(value, depth),
        CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
            Err("must not spread values over a filter".to_owned())
        }
    })
}
