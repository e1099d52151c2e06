using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Storage;

/// <summary>Why a write was not stored: the first part of it that conflicts with the stored data. Nothing was written.</summary>
public sealed class LogRefusal
{
    private LogRefusal(LogRefusalKind kind, int index, EventSourcingException? error) => (Kind, Index, Error) = (kind, index, error);

    /// <summary>The list of the write that contains the part.</summary>
    public LogRefusalKind Kind { get; }

    /// <summary>The part's place in its list, from 0.</summary>
    public int Index { get; }

    /// <summary>Why the append was refused; null for a requirement and a change.</summary>
    public EventSourcingException? Error { get; }

    /// <summary>For logs: a requirement is not met.</summary>
    /// <param name="index">Its place in <see cref="LogWrite.Requirements"/>.</param>
    public static LogRefusal OfRequirement(int index) => new(LogRefusalKind.Requirement, index, null);

    /// <summary>For logs: an append is refused.</summary>
    /// <param name="index">Its place in <see cref="LogWrite.Appends"/>.</param>
    /// <param name="error">What <see cref="IEventLog.AppendAsync"/> would throw for it.</param>
    public static LogRefusal OfAppend(int index, EventSourcingException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new(LogRefusalKind.Append, index, error);
    }

    /// <summary>For logs: a record has another revision than a change that may not be skipped expects.</summary>
    /// <param name="index">Its place in <see cref="LogWrite.Changes"/>.</param>
    public static LogRefusal OfChange(int index) => new(LogRefusalKind.Change, index, null);

    /// <summary>For logs: true for an error that refuses an append, by its content or by what is stored; false for an error of the log itself, which is thrown.</summary>
    /// <param name="error">The exception that the validation of the append threw.</param>
    public static bool IsRefusal([NotNullWhen(true)] Exception? error) => error is EventSourcingException
        and not (StoreUnavailableException or StoreConfigurationException or StoreFullException or StoreReadOnlyException or StoreCorruptException or StoreSchemaException or AppendOutcomeUnknownException);

    /// <summary>The part, and the error where there is one.</summary>
    public override string ToString() => Error is null ? $"{Kind} {Index}" : $"{Kind} {Index}: {Error.Message}";
}
