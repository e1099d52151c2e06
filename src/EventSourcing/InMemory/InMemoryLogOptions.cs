using System.Diagnostics.CodeAnalysis;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Settings of an <see cref="InMemoryEventLog"/>.</summary>
public sealed class InMemoryLogOptions
{
    private TimeProvider? _time;

    /// <summary>How large events and appends may be.</summary>
    public LogLimits Limits { get; init; } = new();

    /// <summary>The clock of timestamps. Default, and null: that of the container where these options are used in one, else the system's.</summary>
    [AllowNull]
    public TimeProvider TimeProvider
    {
        get => _time ?? TimeProvider.System;
        init => _time = value;
    }

    /// <summary>The same with a clock, unless one was given.</summary>
    internal InMemoryLogOptions On(TimeProvider clock)
    {
        var copy = (InMemoryLogOptions)MemberwiseClone();
        copy._time ??= clock;
        return copy;
    }
}
