using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Views.Folding;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Running;

/// <summary>One set in the transactions of appends: folds what was stored and writes the documents in the same transaction. Called under the log's lock; its state is read by any thread.</summary>
/// <remarks>
/// A failure at an event of the append refuses the append. A failure at an event that was stored before pauses the view: appends are stored without it, and the view continues when its build has passed the event, or another build serves.
/// Nothing of the documents is kept in memory between transactions, because other processes write them too.
/// </remarks>
internal sealed class InlineView(ViewContext context, ViewSet set) : IInlineView, IDisposable
{
    /// <summary>At most so many events are handled in one transaction before those of the append.</summary>
    internal const int MaxTurn = 1_000;

    private static readonly GlobalPosition s_never = GlobalPosition.FromInt64(long.MaxValue);

    private readonly LogQuery _query = set.Query.Resolve(context.Store.Types);
    private readonly string _recordKey = ViewRecord.KeyOf(set.Name, set.Version);
    private byte[]? _record;
    private ViewBuildId _build;
    private SetFold? _fold;
    private bool _isActive, _isStale;
    private volatile InlinePause? _pause;
    private volatile bool _isPausedByCall;

    /// <summary>Why the view does not advance; null when it does.</summary>
    internal InlinePause? Pause => _pause;

    /// <summary>True while a call keeps the view from advancing.</summary>
    internal bool IsPausedByCall
    {
        get => _isPausedByCall;
        set => _isPausedByCall = value;
    }

    /// <summary>Called with the first failure of each pause, under the log's lock.</summary>
    internal Action<Exception>? Failed { get; init; }

    /// <summary>Tries the event again at which the view has paused.</summary>
    internal void Resume() => (_pause, _isPausedByCall) = (null, false);

    public bool Prepare(IInlineTransaction transaction)
    {
        _isActive = !_isPausedByCall && TryOpen(transaction) && !IsHeldUp();
        return !_isActive || CatchUp(transaction);
    }

    public void Appended(IInlineTransaction transaction, GlobalPosition first)
    {
        if (_isActive && _isStale) _isActive = TryOpen(transaction);
        while (_isActive && _fold!.Checkpoint.Position < transaction.Head && !FoldPage(transaction, first))
        {
        }
    }

    public void Undone() => _isStale = true;

    /// <summary>Gives its memory back. No transaction calls it at the time; one that does later finds it as new.</summary>
    public void Dispose()
    {
        _fold?.Dispose();
        (_fold, _isActive) = (null, false);
    }

    /// <summary>Folds the document of one key again, from its events up to the view's position.</summary>
    /// <exception cref="InvalidOperationException">The set has no complete build.</exception>
    /// <exception cref="ViewException">A handler failed. Nothing was written.</exception>
    internal void FoldKey(IInlineTransaction transaction, Projection projection, int table, string key)
    {
        if (!TryOpen(transaction)) throw new InvalidOperationException($"View set '{set}' has no complete build. Start it first (EventViews.StartAsync).");
        try
        {
            using var one = _fold!.FoldKey(table, key);
            var query = projection.KeySource!.Narrow(EventQuery.Of([.. projection.EventTypes]), key).Resolve(context.Store.Types);
            for (var read = new AllRead { Query = query, ThroughPosition = _fold.Position }; ;)
            {
                using var page = transaction.Read(read);
                foreach (ref readonly var e in page.Events)
                {
                    var envelopes = Decode(e);
                    for (var i = 0; i < envelopes.Count; i++) one.Fold(envelopes[i]);
                }

                if (page.IsLast) break;
                read = read with { AfterPosition = GlobalPosition.FromInt64(page.Next - 1) };
            }

            one.TryWrite();
        }
        finally
        {
            _isStale = true;
        }
    }

    /// <summary>Opens the serving build in a transaction; false when there is none that is complete.</summary>
    private bool TryOpen(IInlineTransaction transaction)
    {
        if (FindServing(transaction) is not { Build: > 0 } id) return false;
        try
        {
            if (transaction.FindWriter(id, set.Tables) is not { Checkpoint.IsComplete: true } writer) return false;
            // What cannot be stored is found at its event, which may be one of the append.
            if (_fold is null) _fold = new(set, writer, context.Options.MaxCacheBytes, checksDocuments: true);
            else _fold.Continue(writer);
        }
        catch (StoreCorruptException e)
        {
            PauseAt(id, s_never, e);
            return false;
        }

        (_build, _isStale) = (id, false);
        return true;
    }

    private ViewBuildId? FindServing(IInlineTransaction transaction)
    {
        if (transaction.FindRecord(RecordKind.View, _recordKey) is not { } record) return null;
        if (_record is not null && record.Value.Span.SequenceEqual(_record)) return _build;
        var serving = ViewRecord.Parse(record).Serving;
        _record = record.Value.ToArray();
        return _build = serving > 0 ? new(set.Name, set.Version, serving) : default;
    }

    private bool IsHeldUp()
    {
        if (_pause is not { } pause || pause.Build != _build || _fold!.Position >= pause.Position) _pause = null;
        return _pause is not null;
    }

    /// <returns>False when more is left.</returns>
    private bool CatchUp(IInlineTransaction transaction) => _fold!.Position >= transaction.Head || FoldPage(transaction, s_never);

    /// <summary>Folds a page of events after the view's position, and writes it.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="first">The position of the append's first event: a failure there or after it is thrown.</param>
    /// <returns>True when nothing is left, or the view has paused.</returns>
    private bool FoldPage(IInlineTransaction transaction, GlobalPosition first)
    {
        var fold = _fold!;
        using var page = transaction.Read(new() { Query = _query, AfterPosition = fold.Checkpoint.Position, MaxCount = MaxTurn, IncludeToken = true });
        ResumeToken? last = null;
        Exception? failure = null;
        var failed = s_never;
        foreach (ref readonly var e in page.Events)
        {
            try
            {
                fold.Fold(Decode(e));
                last = e.Token;
                // Large documents may fill the memory within a page.
                if (fold.IsFull) Write(transaction, e.Token);
            }
            catch (Exception error) when (IsOfTheView(error))
            {
                (failure, failed) = (error, e.Position);
                break;
            }
        }

        if (failure is null)
        {
            return !TryWrite(transaction, page.Token) || page.IsLast;
        }

        if (failed >= first && failure is not StoreCorruptException)
        {
            _isStale = true;
            throw failure;
        }

        if (last is { } handled && !TryWrite(transaction, handled)) return true;
        PauseAt(_build, failure is StoreCorruptException ? s_never : failed, failure);
        ReportStall(transaction, failure);
        return true;
    }

    private Envelopes Decode(in RecordedEvent e)
    {
        try
        {
            return context.Codec.Read(e);
        }
        catch (EventSourcingException error)
        {
            throw new ViewException(set.Name, e.Position, e.Type, e.StreamId, null, error);
        }
    }

    /// <returns>False when the documents cannot be written: the view has paused.</returns>
    private bool TryWrite(IInlineTransaction transaction, ResumeToken checkpoint)
    {
        try
        {
            Write(transaction, checkpoint);
            return true;
        }
        catch (Exception e) when (IsOfTheView(e))
        {
            PauseAt(_build, s_never, e);
            return false;
        }
    }

    private void Write(IInlineTransaction transaction, ResumeToken checkpoint) =>
        transaction.Isolated(() => _fold!.TryWrite(new(checkpoint.Position, checkpoint, isComplete: true)));

    // What is wrong with the log itself, or with its disk, is the append's failure.
    private static bool IsOfTheView(Exception e) => e is not (OutOfMemoryException or StoreUnavailableException or StoreFullException or StoreReadOnlyException);

    private void PauseAt(ViewBuildId build, GlobalPosition position, Exception error)
    {
        (_isActive, _isStale) = (false, true);
        var isNew = _pause is null;
        _pause = new(build, position, error);
        if (isNew) Failed?.Invoke(error);
    }

    private void ReportStall(IInlineTransaction transaction, Exception failure)
    {
        try
        {
            transaction.FindWriter(_build, set.Tables)?.ReportStall(ExceptionText.MessageOf(failure));
        }
        catch (StoreCorruptException)
        {
            // The status of this process has the reason too.
        }
    }
}
