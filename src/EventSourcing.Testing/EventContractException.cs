namespace EventSourcing.Testing;

/// <summary>A type map cannot read what the contract file says is stored, or the file is missing or out of date where it must not be written. The file was not changed.</summary>
public sealed class EventContractException : Exception
{
    /// <summary>Reports what was found.</summary>
    /// <param name="message">The file, what was found in it, and what to do.</param>
    /// <param name="differences">Each difference that makes stored events unreadable; may be empty.</param>
    public EventContractException(string message, IReadOnlyList<string> differences) : base(message) =>
        Differences = [.. differences ?? throw new ArgumentNullException(nameof(differences))];

    /// <summary>Each difference that makes stored events unreadable, with type, schema number and place; empty where the file is missing or out of date.</summary>
    public IReadOnlyList<string> Differences { get; }
}
