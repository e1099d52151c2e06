using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Views.Building;
using EventSourcing.Views.Folding;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Running;

/// <summary>The serving build of a set as the place of a subscription: folds its events and writes the documents with the checkpoint.</summary>
internal sealed class ViewSetPlace(ViewContext context, ViewSet set, ServingReader reader) : IOutsidePlace
{
    private IViewBuild? _build;
    private SetFold? _fold;
    private LeaseScope? _scope;
    private long _serving;
    // True since a document could not be written: the event that made it so is found by checking each one.
    private bool _checksDocuments;

    public bool HasUnwritten => _fold is { HasUnwritten: true };

    public bool IsFull => _fold is { IsFull: true };

    /// <summary>The build that is written; 0 while none is open.</summary>
    internal long Serving => Volatile.Read(ref _serving);

    /// <summary>True when the build that is written has no place any more.</summary>
    internal bool IsMissing => Serving is > 0 and var serving && context.Directory.BuildsOf(set.Name, set.Version).All(id => id.Build != serving);

    /// <summary>Called with the progress of the first build.</summary>
    internal IProgress<ViewProgress>? Progress { get; init; }

    /// <summary>Called when something was written or another build is written.</summary>
    internal Action? Written { get; init; }

    public async ValueTask<long> FindFencingTokenAsync(CancellationToken cancellationToken)
    {
        if (await FindServingAsync(cancellationToken).ConfigureAwait(false) is not { } id) return 0;
        using var build = context.Directory.Storage.Open(id, set.Tables);
        return FencingTokens.EpochOfRunner(build?.FencingToken ?? 0);
    }

    public async ValueTask<ResumeToken> OpenAsync(LeaseScope scope)
    {
        Close();
        _scope = scope;
        while (true)
        {
            await new ViewBuilder(context, set).BuildIfMissingAsync(Progress, scope.Token).ConfigureAwait(false);
            if (await FindServingAsync(scope.Token).ConfigureAwait(false) is { } id && await TryOpenAsync(id, scope).ConfigureAwait(false) is { } token) return token;
            scope.ThrowIfLost();
        }
    }

    public async ValueTask<bool> TryWriteAsync(ResumeToken checkpoint, LeaseScope scope)
    {
        var fold = _fold!;
        if (await IsReplacedAsync(scope.Token).ConfigureAwait(false)) return false;
        if (fold.Loss is { } loss)
        {
            // One that somebody has deleted is built again.
            if (loss is StoreCorruptException && IsMissing) return false;
            // Of the storage, such as a full disk: to be tried again as any other write.
            if (loss is EventSourcingException and not ViewException) throw loss;
            // A handler has ended the transaction: the events before it are written one by one.
            _checksDocuments |= loss is ViewException;
            return false;
        }

        // Of a batch that failed or was cancelled, the events before that are folded.
        if (checkpoint.Position < fold.Position) checkpoint = await context.Store.Log.FindTokenAsync(ResumeToken.Unverified(fold.Position), checkpoint, scope.Token).ConfigureAwait(false);
        try
        {
            Write(fold, new(checkpoint.Position, checkpoint, isComplete: true), scope);
            return true;
        }
        catch (UnwritableDocumentException) when (!_checksDocuments)
        {
            // The place is opened again, at what is written.
            _checksDocuments = true;
            return false;
        }
        catch (StoreCorruptException) when (!scope.Token.IsCancellationRequested)
        {
            // A build that was replaced is removed; one that somebody has deleted is built again.
            if (IsMissing || await IsReplacedAsync(scope.Token).ConfigureAwait(false)) return false;
            throw;
        }
    }

    public void Close()
    {
        _fold?.Dispose();
        _build?.Dispose();
        (_fold, _build, _scope) = (null, null, null);
        Volatile.Write(ref _serving, 0);
    }

    public async ValueTask<long?> FindPositionAsync(CancellationToken cancellationToken)
    {
        using var snapshot = await reader.TryOpenAsync(cancellationToken).ConfigureAwait(false);
        return snapshot?.Rows.Checkpoint.Position.ToInt64();
    }

    /// <summary>Folds the events of one stored event. On the runner's loop only.</summary>
    internal void Fold(Envelopes envelopes) => _fold!.Fold(envelopes);

    /// <summary>Writes what is folded within a batch, when the documents take too much memory to wait for its end. On the runner's loop only.</summary>
    internal async ValueTask WriteFoldedAsync(ResumeToken last)
    {
        // A place that was replaced is opened again at the end of the batch.
        if (await IsReplacedAsync(_scope!.Token).ConfigureAwait(false)) return;
        Write(_fold!, new(last.Position, last, isComplete: true), _scope);
    }

    /// <summary>Folds the document of one key again, from the events up to the checkpoint. On the runner's loop only, when everything is written.</summary>
    internal async ValueTask RebuildAsync(Projection projection, int table, string key, LeaseScope scope)
    {
        var fold = _fold!;
        var query = projection.KeySource!.Narrow(EventQuery.Of([.. projection.EventTypes]), key);
        var events = context.Store.ReadAllAsync(query, new() { ThroughPosition = fold.Checkpoint.Position }, scope.Token);
        using var one = fold.FoldKey(table, key);
        await foreach (var envelope in events.ConfigureAwait(false)) one.Fold(envelope);
        if (!one.TryWrite()) throw scope.Lease.Error();
    }

    /// <summary>Leaves a note in the place for other processes: why the set does not advance. Has no effect where the place cannot be written.</summary>
    internal void ReportStall(string? stall)
    {
        try
        {
            _fold?.ReportStall(stall);
        }
        catch (EventSourcingException)
        {
            // The state of the subscription has the reason too.
        }
    }

    private void Write(SetFold fold, ViewCheckpoint checkpoint, LeaseScope scope)
    {
        if (!fold.TryWrite(checkpoint)) throw scope.Lease.Error();
        Written?.Invoke();
    }

    /// <summary>Opens a build for writing; null when it was replaced meanwhile.</summary>
    private async ValueTask<ResumeToken?> TryOpenAsync(ViewBuildId id, LeaseScope scope)
    {
        var build = context.Directory.Storage.Open(id, set.Tables);
        if (build is null) return null;
        try
        {
            if (build.LogId != await context.Directory.GetLogIdAsync(scope.Token).ConfigureAwait(false))
                throw new StoreCorruptException("it belongs to another log. Rebuild the view", context.Directory.Storage.PathOf(id) ?? id.ToString());
            var writer = build.OpenWriter(FencingTokens.OfRunner(scope.Lease.Epoch)) ?? throw scope.Lease.Error();
            var fold = new SetFold(set, writer, context.Options.MaxCacheBytes, _checksDocuments);
            (_build, _fold) = (build, fold);
            Volatile.Write(ref _serving, id.Build);
            ForgetStall(build);
            Written?.Invoke();
            return await context.Store.Log.FindTokenAsync(writer.Checkpoint.Token, scope.Token).ConfigureAwait(false);
        }
        catch
        {
            if (_build is null) build.Dispose();
            else Close();
            throw;
        }
    }

    /// <summary>Removes the note of a process that ran the set before. A failure that is still there is noted again.</summary>
    private void ForgetStall(IViewBuild build)
    {
        using var snapshot = build.OpenSnapshot();
        if (snapshot.Stall is not null) ReportStall(null);
    }

    private async ValueTask<bool> IsReplacedAsync(CancellationToken cancellationToken) =>
        await FindServingAsync(cancellationToken).ConfigureAwait(false) is not { } id || id.Build != _serving;

    private async ValueTask<ViewBuildId?> FindServingAsync(CancellationToken cancellationToken) =>
        await context.Directory.FindAsync(set.Name, set.Version, cancellationToken).ConfigureAwait(false) is { Record.Serving: > 0 and var serving } ? new(set.Name, set.Version, serving) : null;
}
