using EventSourcing.Views.Declaring;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Running;

/// <summary>A set that stores nothing: each read folds the events of its key. Thread-safe.</summary>
internal sealed class LiveSet(ViewContext context, ViewSet set) : SetHost(set)
{
    private bool _isDisposed;

    internal override Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal override Task CatchUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal override Task StopAsync(bool forever) => Task.CompletedTask;

    internal override Task WaitForPositionAsync(GlobalPosition position, CancellationToken cancellationToken) => WaitAsync(position, cancellationToken);

    internal override Task PauseAsync(CancellationToken cancellationToken) => throw NothingStored("cannot be paused");

    internal override Task ResumeAsync(CancellationToken cancellationToken) => throw NothingStored("is never paused");

    internal override Task RebuildAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken) => throw NothingStored("is not rebuilt");

    internal override Task RebuildKeyAsync(Projection projection, int table, string key, CancellationToken cancellationToken) => throw NothingStored("is not rebuilt");

    internal override Task<ViewVerification> VerifyAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken) => throw NothingStored("is not verified");

    internal override ValueTask<OpenSnapshot> OpenAsync(GlobalPosition? at, CancellationToken cancellationToken) => throw NothingStored("has no snapshots: read it by key");

    internal override IView<TRow> View<TRow>(IRowDeclaration<TRow> projection, int table) => new LiveView<TRow>(this, (Projection<TRow>)projection, table, null);

    internal override ValueTask<ViewStatus> GetStatusAsync(ViewRecord? record, GlobalPosition head, CancellationToken cancellationToken) =>
        new(new ViewStatus { Set = Set.Name, Version = Set.Version, Mode = Set.Mode, IsDeclared = true, Position = head, Head = head, LagTime = TimeSpan.Zero });

    public override void Dispose() => Volatile.Write(ref _isDisposed, true);

    /// <summary>Folds the document of a key.</summary>
    /// <exception cref="ViewException">A handler failed.</exception>
    internal async ValueTask<TRow?> FoldAsync<TRow>(Projection<TRow> projection, int table, string key, GlobalPosition? at, CancellationToken cancellationToken) where TRow : class
    {
        if (Volatile.Read(ref _isDisposed)) throw ServingReader.Disposed();
        if (at is { } position) await WaitAsync(position, cancellationToken).ConfigureAwait(false);
        using var fold = new Folding.KeyReplay<TRow>(projection, table);
        var query = projection.KeySource!.Narrow(EventQuery.Of([.. projection.EventTypes]), key);
        await foreach (var envelope in context.Store.ReadAllAsync(query, null, cancellationToken).ConfigureAwait(false)) fold.Fold(envelope, key);
        return fold.Find(key);
    }

    internal NotSupportedException NothingStored(string what) => new($"View set '{Set}' is live and stores nothing: it {what}. Use another mode (ViewSet.Mode) for more.");

    private async Task WaitAsync(GlobalPosition position, CancellationToken cancellationToken)
    {
        while (await context.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false) is var head && head < position)
            await context.Store.Log.WaitAsync(head, cancellationToken).ConfigureAwait(false);
    }
}
