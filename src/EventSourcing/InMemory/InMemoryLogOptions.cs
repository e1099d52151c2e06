using System.Diagnostics.CodeAnalysis;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Settings of an <see cref="InMemoryEventLog"/>. Validated and copied when the log is made; changes after that have no effect.</summary>
public sealed class InMemoryLogOptions
{
    private TimeProvider? _time;

    /// <summary>The maximum sizes of events and appends. Default: those of <see cref="LogLimits"/>.</summary>
    public LogLimits Limits { get; set; } = new();

    /// <summary>The clock of timestamps. Default, and null: the container's <see cref="System.TimeProvider"/> where the log is made by a container, else the system's.</summary>
    [AllowNull]
    public TimeProvider TimeProvider
    {
        get => _time ?? TimeProvider.System;
        set => _time = value;
    }

    /// <summary>A copy with this clock, unless one was set.</summary>
    internal InMemoryLogOptions On(TimeProvider clock)
    {
        var copy = (InMemoryLogOptions)MemberwiseClone();
        copy._time ??= clock;
        return copy;
    }

    internal InMemoryLogOptions Validated()
    {
        ArgumentNullException.ThrowIfNull(Limits);
        var copy = (InMemoryLogOptions)MemberwiseClone();
        copy.Limits = Limits.Validated();
        return copy;
    }
}
