using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace EventSourcing;

/// <summary>Settings that all subscriptions of an <see cref="EventBus"/> share. Validated and copied when the bus is made; a later change has no effect on it.</summary>
public sealed class EventBusOptions
{
    private static readonly FailurePolicy s_retries = new() { Delay = TimeSpan.FromMilliseconds(50), MaxDelay = TimeSpan.FromSeconds(10) };

    private TimeProvider? _time;

    /// <summary>How long a process that does not renew its lease keeps it; it renews three times as often. After a process is killed, another takes over its leases this long after it first looked at them; a process that stops in order gives its leases back at once. Default 6 s; from 30 ms to 1 hour. The same in all processes of a log.</summary>
    public TimeSpan LeaseTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// How long a handler may run after its subscription is stopped, before its token is cancelled. Default 5 s; from 0 to 1 hour. When a handler is still running 5 s after that,
    /// DisposeAsync throws and names the subscription; the lease is kept until the handler returns. The token of a live subscription is cancelled at once; its handler has the same time in all.
    /// </summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock of leases, delays and parked events. Default, and null: that of the container where these options are used in one, else the system's.</summary>
    [AllowNull]
    public TimeProvider TimeProvider
    {
        get => _time ?? TimeProvider.System;
        set => _time = value;
    }

    /// <summary>Gives numbers from 0, inclusive, to 1, exclusive, that spread out retries. Called from several threads. Default: a cryptographic generator.</summary>
    public Func<double> Randomness { get; set; } = static () => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);

    /// <summary>How much longer a stop waits for a handler whose token was cancelled.</summary>
    internal static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    /// <summary>The maximum time that a stop waits for a handler.</summary>
    internal TimeSpan MaxStopTime => StopTimeout + StopGrace;

    /// <summary>The delay before the log is tried again after a transient failure: 50 ms, doubled after each failure up to 10 s.</summary>
    internal TimeSpan DelayAfterFailure(int failures) => s_retries.DelayAfter(failures, Randomness());

    /// <summary>A copy with a clock, unless one was given.</summary>
    internal EventBusOptions On(TimeProvider clock)
    {
        var copy = (EventBusOptions)MemberwiseClone();
        copy._time ??= clock;
        return copy;
    }

    /// <summary>A copy whose values are in their ranges.</summary>
    internal EventBusOptions Validated()
    {
        var copy = (EventBusOptions)MemberwiseClone();
        ArgumentNullException.ThrowIfNull(copy.Randomness, nameof(Randomness));
        if (copy.LeaseTimeout < TimeSpan.FromMilliseconds(30) || copy.LeaseTimeout > TimeSpan.FromHours(1))
            throw new ArgumentOutOfRangeException(nameof(LeaseTimeout), copy.LeaseTimeout, "LeaseTimeout must be from 30 ms to 1 hour.");
        if (copy.StopTimeout < TimeSpan.Zero || copy.StopTimeout > TimeSpan.FromHours(1))
            throw new ArgumentOutOfRangeException(nameof(StopTimeout), copy.StopTimeout, "StopTimeout must be from 0 to 1 hour.");
        return copy;
    }
}
