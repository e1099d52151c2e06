using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace EventSourcing;

/// <summary>What all subscriptions of a process have in common.</summary>
public sealed class SubscriberOptions
{
    private static readonly FailurePolicy s_trouble = FailurePolicy.RetryThenPause(0, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(10));

    private TimeProvider? _time;

    /// <summary>How long a runner that shows no sign of life keeps its lease; it renews three times as often. Where a process was killed, another takes its leases over this long after it looked at them first; one that stops in order gives them back at once. Default 6 s; from 30 ms to 1 hour. The same in all processes of a log.</summary>
    public TimeSpan LeaseTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// How long a handler may go on when its subscription is stopped, before its token is cancelled. Default 5 s; from 0 to 1 hour. A handler that is still running 5 s after that is
    /// not waited for any longer: DisposeAsync then throws, naming the subscription, while the lease is kept until the handler returns. Live listeners are given the same time in all, their tokens being cancelled at once.
    /// </summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock of leases, delays and parked events. Default, and null: that of the container where these options are used in one, else the system's.</summary>
    [AllowNull]
    public TimeProvider TimeProvider
    {
        get => _time ?? TimeProvider.System;
        set => _time = value;
    }

    /// <summary>Gives numbers from 0, inclusive, to 1, exclusive, that spread out retries. Called from several threads.</summary>
    public Func<double> Randomness { get; set; } = static () => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);

    /// <summary>How much longer a stop waits for a handler whose token was cancelled.</summary>
    internal static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    /// <summary>How long a stop takes at most.</summary>
    internal TimeSpan LongestStop => StopTimeout + StopGrace;

    /// <summary>When the log is tried again after trouble that may pass: after 50 ms, then ever later, up to 10 s.</summary>
    internal TimeSpan DelayAfterTrouble(int failures) => s_trouble.DelayAfter(failures, Randomness());

    /// <summary>The same with a clock, unless one was given.</summary>
    internal SubscriberOptions On(TimeProvider clock)
    {
        var copy = (SubscriberOptions)MemberwiseClone();
        copy._time ??= clock;
        return copy;
    }

    internal SubscriberOptions Validated()
    {
        ArgumentNullException.ThrowIfNull(Randomness);
        if (LeaseTimeout < TimeSpan.FromMilliseconds(30) || LeaseTimeout > TimeSpan.FromHours(1))
            throw new ArgumentOutOfRangeException(nameof(LeaseTimeout), LeaseTimeout, "LeaseTimeout is from 30 ms to 1 hour.");
        if (StopTimeout < TimeSpan.Zero || StopTimeout > TimeSpan.FromHours(1))
            throw new ArgumentOutOfRangeException(nameof(StopTimeout), StopTimeout, "StopTimeout is from 0 to 1 hour.");
        return this;
    }
}
