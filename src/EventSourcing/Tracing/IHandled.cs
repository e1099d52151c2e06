namespace EventSourcing.Tracing;

/// <summary>An event in some form, of which others may follow.</summary>
internal interface IHandled
{
    /// <summary>What they take from it.</summary>
    EventMetadata Inherited { get; }
}
