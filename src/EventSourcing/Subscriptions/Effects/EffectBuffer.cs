using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Effects;

/// <summary>The effects that the handlers of one partition enlisted and that are not written yet, and the transaction that writes them. Used by the runner's loop only.</summary>
/// <param name="log">The log that the effects are written to.</param>
/// <param name="codec">Encodes appends.</param>
/// <param name="loop">The loop that calls the handler, and on whose behalf functions run.</param>
internal sealed class EffectBuffer(IEventLog log, EventCodec codec, Loop loop)
{
    // A function with its captured variables, a few small ones.
    private const int FunctionBytes = 256;

    // Only the log knows its own limits. An append that is invalid whatever its size is found where it is enlisted.
    private static readonly LogLimits s_noLimits = new() { MaxEventBytes = int.MaxValue, MaxAppendBytes = int.MaxValue };

    private readonly List<Effect> _effects = [];
    private IUserTransactions<object>? _transactions;
    private Action<object>? _run;
    private int _functionCount;
    private long _uncountedBytes;

    internal int Count => _effects.Count;

    /// <summary>About how much memory the effects take.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Begins an attempt.</summary>
    /// <param name="bytes">The stored bytes of the events that are handled: a function may capture them, so the first one of the attempt counts for them too.</param>
    internal void BeginAttempt(long bytes) => _uncountedBytes = bytes;

    /// <summary>Adds a function to the next checkpoint's transaction.</summary>
    /// <exception cref="InvalidOperationException">The log has no transactions of this type, or the other functions have another type.</exception>
    internal void Enlist<TTransaction>(Action<TTransaction> effect) where TTransaction : class
    {
        var transactions = log.Find<IUserTransactions<TTransaction>>()
            ?? throw new InvalidOperationException($"An effect needs a {typeof(TTransaction)}, and the log has no transactions of this type. Nothing of it was enlisted.");
        if (_functionCount > 0 && _transactions != transactions)
            throw new InvalidOperationException($"An effect needs a {typeof(TTransaction)}, and others that wait for the same checkpoint need transactions of another type. Enlist all of one type.");
        _transactions = transactions;
        var bytes = FunctionBytes + _uncountedBytes;
        _uncountedBytes = 0;
        Add(new(transaction => effect((TTransaction)transaction), null, null, bytes, ExecutionContext.Capture()));
    }

    /// <summary>Adds an append to the next checkpoint's transaction, encoded.</summary>
    internal void Enlist(Append append)
    {
        var encoder = codec.RentEncoder();
        try
        {
            var encoded = encoder.Encode(append);
            encoded.Validate(s_noLimits);
            Add(new(null, encoded, encoder, encoder.Size));
        }
        catch
        {
            codec.Return(encoder);
            throw;
        }
    }

    /// <summary>Forgets what was enlisted after the first <paramref name="count"/>.</summary>
    internal void Forget(int count)
    {
        for (var i = count; i < _effects.Count; i++)
        {
            Bytes -= _effects[i].Bytes;
            if (_effects[i].Work is not null) _functionCount--;
            if (_effects[i].Encoder is { } encoder) codec.Return(encoder);
        }

        _effects.RemoveRange(count, _effects.Count - count);
    }

    /// <summary>Writes the effects with changes of records, fenced by a lease: all of it or nothing. The effects stay until <see cref="Forget"/>.</summary>
    /// <returns>For each change, whether it was made.</returns>
    /// <exception cref="EffectException">An effect was refused.</exception>
    /// <exception cref="LeaseLostException">Another process has the lease.</exception>
    /// <exception cref="RecordConflictException">A record was changed by another writer.</exception>
    internal async ValueTask<IReadOnlyList<bool>> WriteAsync(Lease lease, IReadOnlyList<RecordChange> changes)
    {
        var write = new LogWrite { Requirements = lease.Requirements, Appends = Appends(), Changes = changes };
        var written = await WriteAsync(write).ConfigureAwait(false);
        return written.Refusal switch
        {
            null => written.Changed,
            { Kind: LogRefusalKind.Requirement } => throw lease.Error(),
            { Error: { } error } => throw new EffectException(error),
            { Index: var index } => throw new RecordConflictException(changes[index].Kind, changes[index].Key),
        };
    }

    private async ValueTask<LogWritten> WriteAsync(LogWrite write)
    {
        try
        {
            if (_functionCount == 0) return await log.WriteAsync(write, CancellationToken.None).ConfigureAwait(false);
            return await _transactions!.WriteAsync(write, _run ??= Run, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ArgumentException e) when (write.Appends.Count > 0)
        {
            // A log may have stricter rules than the codec.
            throw new EffectException(e);
        }
        catch (Exception e) when (_functionCount > 0 && e is not (EventSourcingException or EffectException or ObjectDisposedException))
        {
            // The commit refused what the functions wrote: a violated deferred foreign key, for example.
            throw new EffectException(e);
        }
    }

    private LogAppend[] Appends()
    {
        if (_effects.Count == _functionCount) return [];
        var appends = new LogAppend[_effects.Count - _functionCount];
        var next = 0;
        foreach (var effect in _effects)
            if (effect.Append is { } append) appends[next++] = append;
        return appends;
    }

    private void Run(object transaction)
    {
        var outer = LoopWaits.EnterDelegate(loop);
        try
        {
            foreach (var effect in _effects)
                if (effect.Work is not null) RunInItsFlow(effect, transaction);
        }
        catch (Exception e)
        {
            // Whatever its type: an effect may use another store, whose errors are not the log's. An error of the log itself shows when the event is tried without the effect.
            throw new EffectException(e);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }

    private void Add(in Effect effect)
    {
        _effects.Add(effect);
        if (effect.Work is not null) _functionCount++;
        Bytes += effect.Bytes;
    }

    // The event that the handler was given is the cause of what its effect appends, though the effect runs later.
    private static void RunInItsFlow(in Effect effect, object transaction)
    {
        if (effect.Flow is null || ExecutionContext.Capture() is not { } own)
        {
            effect.Work!(transaction);
            return;
        }

        ExecutionContext.Restore(effect.Flow);
        try
        {
            effect.Work!(transaction);
        }
        finally
        {
            ExecutionContext.Restore(own);
        }
    }

    private readonly record struct Effect(Action<object>? Work, LogAppend? Append, AppendEncoder? Encoder, long Bytes, ExecutionContext? Flow = null);
}
