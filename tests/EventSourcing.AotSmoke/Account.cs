using System.Text.Json.Serialization;

namespace EventSourcing.AotSmoke;

internal sealed record AccountOpened(string Owner);

internal sealed record AmountDeposited(decimal Amount);

internal sealed record AmountDepositedV2(decimal Euros);

internal sealed record AccountRenamed(string Owner);

internal sealed record AmountWithdrawn(decimal Amount);

internal sealed record Account(string Owner, decimal Balance) : IState<Account>
{
    public static Account Create() => new("", 0m);

    public Account Apply(object @event) => @event switch
    {
        AccountOpened e => this with { Owner = e.Owner },
        AmountDeposited e => this with { Balance = Balance + e.Amount },
        AmountWithdrawn e => this with { Balance = Balance - e.Amount },
        _ => this,
    };

    public IEnumerable<object> Withdraw(decimal amount) =>
        amount > Balance ? throw new InvalidOperationException($"{Balance} is there, {amount} was asked for.") : [new AmountWithdrawn(amount)];
}

internal sealed record AccountRow(string Owner, decimal Balance, int Movements);

internal sealed class AccountList : Projection<AccountRow>
{
    public AccountList() : base("account-list", version: 1, SmokeJson.Default.AccountRow)
    {
        Index("owner", row => row.Owner);
        KeyIsStream("account");
        On<AccountOpened>((_, e) => new(e.Owner, 0m, 0));
        OnExisting<AmountDeposited>((row, e) => row with { Balance = row.Balance + e.Amount, Movements = row.Movements + 1 });
        OnExisting<AmountWithdrawn>((row, e) => row with { Balance = row.Balance - e.Amount, Movements = row.Movements + 1 });
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AmountDepositedV2)), JsonSerializable(typeof(AccountRenamed)), JsonSerializable(typeof(AccountOpened)), JsonSerializable(typeof(AmountDeposited)), JsonSerializable(typeof(AmountWithdrawn)), JsonSerializable(typeof(AccountRow))]
internal sealed partial class SmokeJson : JsonSerializerContext;
