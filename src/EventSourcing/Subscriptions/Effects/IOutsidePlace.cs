using EventSourcing.Leasing;

namespace EventSourcing.Subscriptions.Effects;

/// <summary>A place outside the log that holds the effects of a subscription together with its checkpoint. Used by the runner's loop only, except for <see cref="FindPositionAsync"/>.</summary>
internal interface IOutsidePlace
{
    /// <summary>The highest fencing token that the place has stored; the lease is acquired with a higher one. A log that was restored to an older state begins with lower ones.</summary>
    ValueTask<long> FindFencingTokenAsync(CancellationToken cancellationToken);

    /// <summary>Opens the place under a lease and forgets what was not written.</summary>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="LeaseLostException">A higher fencing token is stored.</exception>
    ValueTask<ResumeToken> OpenAsync(LeaseScope scope);

    /// <summary>True when effects are not written.</summary>
    bool HasUnwritten { get; }

    /// <summary>True when the effects must be written now, because of the memory that they take.</summary>
    bool IsFull { get; }

    /// <summary>Writes the effects with the checkpoint.</summary>
    /// <returns>False when the place was replaced by another one: nothing was written, and the place must be opened again.</returns>
    /// <exception cref="LeaseLostException">A higher fencing token is stored: nothing was written.</exception>
    ValueTask<bool> TryWriteAsync(ResumeToken checkpoint, LeaseScope scope);

    /// <summary>The lease is given back: closes what <see cref="OpenAsync"/> has opened.</summary>
    void Close();

    /// <summary>The checkpoint as another process sees it; null where there is none yet. Thread-safe.</summary>
    ValueTask<long?> FindPositionAsync(CancellationToken cancellationToken);
}
