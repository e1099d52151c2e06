using EventSourcing.Views.Declaring;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Running;

/// <summary>One set in this process, in any mode. Thread-safe.</summary>
internal abstract class SetHost(ViewSet set) : IDisposable
{
    internal ViewSet Set { get; } = set;

    internal string SubscriptionName { get; } = set.SubscriptionName;

    /// <summary>Starts the set until it is stopped, unless it runs.</summary>
    internal abstract Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Brings the set to the present head. One that does not run is run for the time of the call.</summary>
    internal abstract Task CatchUpAsync(CancellationToken cancellationToken);

    /// <summary>Stops the set, whatever needs it.</summary>
    /// <param name="forever">True where it must not be started again.</param>
    internal abstract Task StopAsync(bool forever);

    /// <summary>Waits until the set has handled everything up to a position.</summary>
    internal abstract Task WaitForPositionAsync(GlobalPosition position, CancellationToken cancellationToken);

    /// <summary>Keeps the set from advancing.</summary>
    internal abstract Task PauseAsync(CancellationToken cancellationToken);

    /// <summary>Continues the set after a pause or a failure.</summary>
    internal abstract Task ResumeAsync(CancellationToken cancellationToken);

    /// <summary>Builds the set again.</summary>
    internal abstract Task RebuildAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Builds the document of one key again.</summary>
    internal abstract Task RebuildKeyAsync(Projection projection, int table, string key, CancellationToken cancellationToken);

    /// <summary>Compares the documents with a replay.</summary>
    internal abstract Task<ViewVerification> VerifyAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Opens a snapshot of the set.</summary>
    internal abstract ValueTask<OpenSnapshot> OpenAsync(GlobalPosition? at, CancellationToken cancellationToken);

    internal abstract IView<TRow> View<TRow>(IRowDeclaration<TRow> projection, int table) where TRow : class;

    internal abstract ValueTask<ViewStatus> GetStatusAsync(ViewRecord? record, GlobalPosition head, CancellationToken cancellationToken);

    public abstract void Dispose();
}
