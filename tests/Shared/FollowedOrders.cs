using FluentAssertions;

namespace EventSourcing.Tests.Shared;

/// <summary>Every order, with its changes.</summary>
internal sealed class FollowedOrders : Projection<OrderRow>
{
    internal FollowedOrders(int max = 10_000, int version = 1, Func<decimal>? surcharge = null) : base("followed-orders", version, ViewShopJson.Default.OrderRow)
    {
        KeepChanges(max);
        KeyIsStream("order");
        On<Placed>((_, e, envelope) => new(envelope.StreamId.Id, e.Customer, e.Total + (surcharge?.Invoke() ?? 0), 0, default));
        OnExisting<Settled>((row, e) => e.Amount < 0 ? null : row with { Paid = row.Paid + e.Amount });
    }
}

/// <summary>Two views of a set whose changes are followed, one that looks documents up.</summary>
internal sealed class FollowedCards : Projection<CustomerCard>
{
    internal FollowedCards() : base("followed-cards", 1, ViewShopJson.Default.CustomerCard)
    {
        After("followed-orders");
        KeepChanges();
        Key<Placed>((e, _) => e.Customer);
        On<Placed>((card, e, envelope, rows) => new(e.Customer, (card?.Orders ?? 0) + 1, (card?.Total ?? 0) + e.Total, rows.Of<OrderRow>("followed-orders").Get(envelope.StreamId.Id)!.Total));
    }
}

/// <summary>A copy of a view that a client keeps by its changes. Each change must fit what the client has: a gap or a repetition does not.</summary>
internal sealed class Copy<TRow>(string projection) where TRow : class
{
    internal Dictionary<string, TRow> Rows { get; } = [];

    /// <summary>As a client stores it.</summary>
    internal string Token { get; private set; } = "";

    internal int Changes { get; private set; }

    /// <summary>Reads the whole view, and continues from there.</summary>
    internal async Task ReadAsync(EventViews views)
    {
        using var snapshot = await views.OpenSnapshotAsync(views.Sets.First(set => set.Projections.Any(p => p.Name == projection)).Name);
        Rows.Clear();
        await foreach (var row in snapshot.View<TRow>(projection).All.ReadAsync()) Rows.Add(KeyOf(row), row);
        Token = snapshot.ChangeToken<TRow>(projection).ToString();
    }

    internal IAsyncEnumerable<ViewChange<TRow>> Follow(EventViews views, CancellationToken cancellationToken = default) =>
        views.View<TRow>(projection).ChangesAsync(Token.Length == 0 ? default : ViewChangeToken.Parse(Token, null), cancellationToken);

    internal void Apply(ViewChange<TRow> change)
    {
        Rows.GetValueOrDefault(change.Key).Should().Be(change.Before, "the change of {0} follows what the client has", change.Key);
        change.After.Should().NotBe(change.Before);
        if (change.After is { } row) Rows[change.Key] = row;
        else Rows.Remove(change.Key);
        Token = change.Token.ToString();
        Changes++;
    }

    /// <summary>Applies everything that is written now.</summary>
    internal async Task CatchUpAsync(EventViews views)
    {
        long last;
        using (var snapshot = await views.OpenSnapshotAsync(views.Sets.First(set => set.Projections.Any(p => p.Name == projection)).Name)) last = Ordinal(snapshot.ChangeToken<TRow>(projection).ToString());
        if (Ordinal(Token) == last) return;
        await foreach (var change in Follow(views))
        {
            Apply(change);
            if (Ordinal(Token) == last) return;
        }
    }

    /// <summary>The token is refused; why.</summary>
    internal async Task<string> ShouldBeLostAsync(EventViews views)
    {
        await using var changes = Follow(views).GetAsyncEnumerator();
        return (await ((Func<Task>)(async () => await changes.MoveNextAsync())).Should().ThrowAsync<ViewChangesLostException>()).Which.Message;
    }

    internal async Task ShouldEqualViewAsync(EventViews views)
    {
        var rows = new Dictionary<string, TRow>();
        await foreach (var row in views.View<TRow>(projection).All.ReadAsync()) rows.Add(KeyOf(row), row);
        Rows.Should().BeEquivalentTo(rows);
    }

    private static long Ordinal(string token) => token.Length == 0 ? -1 : long.Parse(token.Split('.')[5], System.Globalization.CultureInfo.InvariantCulture);

    private static string KeyOf(TRow row) => row switch { OrderRow order => order.Id, CustomerCard card => card.Customer, _ => throw new NotSupportedException() };
}
