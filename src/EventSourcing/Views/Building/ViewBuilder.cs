using System.Runtime.CompilerServices;
using EventSourcing.Following;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Views.Folding;

namespace EventSourcing.Views.Building;

/// <summary>Builds a set from the beginning of the log in a place of its own, and makes that the serving build. One process at a time builds a version of a set; a build that was interrupted is continued.</summary>
internal sealed class ViewBuilder(ViewContext context, ViewSet set)
{
    // Once so few events are left, the build is complete: the process that runs the set folds them.
    private const long FewEvents = 1_000;
    private const int MaxPasses = 20;

    private static readonly TimeSpan s_writeInterval = TimeSpan.FromSeconds(5);

    private IViewStorage Storage => context.Directory.Storage;

    /// <summary>Builds the set unless another process has a build of it served meanwhile.</summary>
    internal Task BuildIfMissingAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken) => BuildAsync(isWanted: () => IsMissingAsync(cancellationToken), progress, cancellationToken);

    /// <summary>Builds the set again; the present build serves meanwhile.</summary>
    internal Task RebuildAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken) => BuildAsync(isWanted: static () => new(true), progress, cancellationToken);

    /// <summary>Folds the set in a place that is never read, up to the position of the serving build, and compares the two.</summary>
    internal Task<ViewVerification> VerifyAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken) =>
        UnderLeaseAsync(scope => new ViewVerifier(context, set).VerifyAsync(this, progress, scope), cancellationToken);

    /// <summary>Reads the documents of a table that are not the same at two positions, ascending ones. The lease is held until the caller has read them.</summary>
    internal async IAsyncEnumerable<RowPair> CompareAsync(int table, GlobalPosition first, GlobalPosition second, IProgress<ViewProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lease = await AcquireAsync(cancellationToken).ConfigureAwait(false);
        using var scope = new LeaseScope(lease, context.Time, static _ => { }, cancellationToken);
        try
        {
            await foreach (var pair in new PastView(context, set).CompareAsync(this, table, first, second, progress, scope, cancellationToken).ConfigureAwait(false)) yield return pair;
        }
        finally
        {
            await context.Leases.ReleaseAsync(lease).ConfigureAwait(false);
        }
    }

    /// <summary>Removes every place that does not serve and is not being built.</summary>
    internal Task CleanAsync(CancellationToken cancellationToken) => UnderLeaseAsync(async scope =>
    {
        await RemoveOthersAsync(null, scope.Token).ConfigureAwait(false);
        return true;
    }, cancellationToken);

    private Task<bool> BuildAsync(Func<ValueTask<bool>> isWanted, IProgress<ViewProgress>? progress, CancellationToken cancellationToken) => UnderLeaseAsync(async scope =>
    {
        if (!await isWanted().ConfigureAwait(false)) return false;
        var (id, build) = await ResumeOrCreateAsync(scope).ConfigureAwait(false);
        try
        {
            await BuildRun.RunAsync(context, id, PositionOf(build), progress, async run =>
            {
                using (build) await FoldAsync(build, run, scope).ConfigureAwait(false);
                await context.Directory.ServeAsync(set, id, scope.Lease, scope.Token).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        catch (ViewException)
        {
            // The handler may be right at the next try, and its documents must be those of one handler.
            Storage.TryRemove(id);
            throw;
        }

        await RemoveOthersAsync(null, scope.Token).ConfigureAwait(false);
        return true;
    }, cancellationToken);

    private static GlobalPosition PositionOf(IViewBuild build)
    {
        try
        {
            using var snapshot = build.OpenSnapshot();
            return snapshot.Checkpoint.Position;
        }
        catch
        {
            build.Dispose();
            throw;
        }
    }

    private async ValueTask<bool> IsMissingAsync(CancellationToken cancellationToken)
    {
        var found = await context.Directory.FindAsync(set.Name, set.Version, cancellationToken).ConfigureAwait(false);
        return found is not { Record.Serving: > 0 and var serving } || !context.Directory.BuildsOf(set.Name, set.Version).Any(id => id.Build == serving);
    }

    private Task<Lease> AcquireAsync(CancellationToken cancellationToken) => context.Leases.AcquireAsync(new($"view-build:{set}", 0, 1), MinEpoch(), static _ => { }, cancellationToken);

    private async Task<T> UnderLeaseAsync<T>(Func<LeaseScope, Task<T>> work, CancellationToken cancellationToken)
    {
        var lease = await AcquireAsync(cancellationToken).ConfigureAwait(false);
        using var scope = new LeaseScope(lease, context.Time, static _ => { }, cancellationToken);
        try
        {
            return await work(scope).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or StoreCorruptException && !lease.IsHeld && !cancellationToken.IsCancellationRequested)
        {
            // Another process that has the lease removes the place of this build.
            throw lease.Error();
        }
        finally
        {
            await context.Leases.ReleaseAsync(lease).ConfigureAwait(false);
        }
    }

    // A log that was restored to an older state begins with lower epochs than a build beside it has stored.
    private long MinEpoch()
    {
        var highest = 0L;
        foreach (var id in context.Directory.BuildsOf(set.Name, set.Version))
        {
            try
            {
                using var build = Storage.Open(id, set.Tables);
                if (build?.FencingToken is { } token && !FencingTokens.IsOfRunner(token)) highest = Math.Max(highest, token);
            }
            catch (StoreCorruptException)
            {
                // It is not continued.
            }
        }

        return highest + 1;
    }

    private async ValueTask<(ViewBuildId Id, IViewBuild Build)> ResumeOrCreateAsync(LeaseScope scope)
    {
        var logId = await context.Directory.GetLogIdAsync(scope.Token).ConfigureAwait(false);
        // The documents of other code are not continued.
        if (await context.Directory.FindAsync(set.Name, set.Version, scope.Token).ConfigureAwait(false) is { Record: var record } && record.Last > record.Serving && record.Code == set.Code
            && new ViewBuildId(set.Name, set.Version, record.Last) is var last && await TryResumeAsync(last, logId, scope.Token).ConfigureAwait(false) is { } found)
        {
            await RemoveOthersAsync(last, scope.Token).ConfigureAwait(false);
            return (last, found);
        }

        await RemoveOthersAsync(null, scope.Token).ConfigureAwait(false);
        var next = await context.Directory.NextBuildAsync(set, scope.Lease, scope.Token).ConfigureAwait(false);
        return (next, Storage.Create(next, logId, set.Tables));
    }

    /// <summary>Opens a build that was interrupted; null when it cannot be continued.</summary>
    private async ValueTask<IViewBuild?> TryResumeAsync(ViewBuildId id, Guid logId, CancellationToken cancellationToken)
    {
        IViewBuild? build = null;
        try
        {
            build = Storage.Open(id, set.Tables);
            // A log that was restored to an older state does not know that a set has run on the build.
            if (build is null || build.LogId != logId || FencingTokens.IsOfRunner(build.FencingToken)) return Closed(build);
            using var snapshot = build.OpenSnapshot();
            await context.Store.Log.FindTokenAsync(snapshot.Checkpoint.Token, cancellationToken).ConfigureAwait(false);
            return build;
        }
        catch (Exception e) when (e is StoreCorruptException or LogDivergedException or PositionOutOfRangeException)
        {
            return Closed(build);
        }

        static IViewBuild? Closed(IViewBuild? build)
        {
            build?.Dispose();
            return null;
        }
    }

    private async ValueTask<long> ServingAsync(CancellationToken cancellationToken) =>
        await context.Directory.FindAsync(set.Name, set.Version, cancellationToken).ConfigureAwait(false) is { } found ? found.Record.Serving : 0;

    private async ValueTask RemoveOthersAsync(ViewBuildId? kept, CancellationToken cancellationToken)
    {
        var serving = await ServingAsync(cancellationToken).ConfigureAwait(false);
        foreach (var id in context.Directory.BuildsOf(set.Name, set.Version))
            if (id.Build != serving && id != kept) Storage.TryRemove(id);
    }

    private async Task FoldAsync(IViewBuild build, IProgress<ViewProgress>? progress, LeaseScope scope)
    {
        try
        {
            await FoldAsync(build, progress, checksDocuments: false, scope).ConfigureAwait(false);
        }
        catch (UnwritableDocumentException)
        {
            // From what is written; fails at the event.
            await FoldAsync(build, progress, checksDocuments: true, scope).ConfigureAwait(false);
        }
    }

    private async Task FoldAsync(IViewBuild build, IProgress<ViewProgress>? progress, bool checksDocuments, LeaseScope scope)
    {
        using var fold = new SetFold(set, build.OpenWriter(scope.Lease.Epoch) ?? throw scope.Lease.Error(), context.Options.MaxCacheBytes, checksDocuments);
        var meter = new ProgressMeter(progress, context.Time, fold.Position);
        for (var pass = 1; ; pass++)
        {
            await FoldThroughAsync(fold, null, meter, scope).ConfigureAwait(false);
            var head = await context.Store.GetHeadAsync(scope.Token).ConfigureAwait(false);
            if (head.ToInt64() - fold.Position.ToInt64() > FewEvents && pass < MaxPasses) continue;
            Write(fold, fold.Checkpoint with { IsComplete = true }, scope);
            meter.Report(fold.Position, head, isEnd: true);
            return;
        }
    }

    /// <summary>Folds everything through a position, or through the head, and writes it with its checkpoint.</summary>
    internal async Task FoldThroughAsync(SetFold fold, GlobalPosition? through, ProgressMeter meter, LeaseScope scope)
    {
        var checkpoint = fold.Checkpoint;
        var read = new AllRead { Query = set.Query.Resolve(context.Store.Types), AfterPosition = checkpoint.Position, ThroughPosition = through, Token = checkpoint.Token };
        var written = context.Time.GetTimestamp();
        await foreach (var page in DecodedPages.ReadAsync(context.Store.Log, context.Codec, read, scope.Token).ConfigureAwait(false))
        {
            scope.ThrowIfLost();
            foreach (var envelopes in page.Events)
            {
                fold.Fold(envelopes);
                // Large documents may fill the memory within a page.
                if (fold.IsFull && envelopes.Count > 0) Write(fold, new(envelopes[0].Position, envelopes[0].ResumeToken, checkpoint.IsComplete), scope);
            }

            var token = page.Token.Position == page.Through ? page.Token : await context.Store.Log.FindTokenAsync(ResumeToken.Unverified(page.Through), page.Token, scope.Token).ConfigureAwait(false);
            checkpoint = new(page.Through, token, checkpoint.IsComplete);
            meter.Report(page.Through, page.Head, isEnd: false);
            if (!fold.IsFull && context.Time.GetElapsedTime(written) < s_writeInterval) continue;
            Write(fold, checkpoint, scope);
            written = context.Time.GetTimestamp();
        }

        Write(fold, checkpoint, scope);
    }

    private static void Write(SetFold fold, ViewCheckpoint checkpoint, LeaseScope scope)
    {
        scope.ThrowIfLost();
        if (!fold.TryWrite(checkpoint)) throw scope.Lease.Error();
    }
}
