using System.Text.Json.Serialization;

namespace EventSourcing.AotSmoke;

internal sealed record AccountOpened(string Owner);

internal sealed record AmountDeposited(decimal Amount);

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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AccountOpened)), JsonSerializable(typeof(AmountDeposited)), JsonSerializable(typeof(AmountWithdrawn))]
internal sealed partial class SmokeJson : JsonSerializerContext;
