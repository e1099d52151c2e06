namespace EventSourcing.Storage;

/// <summary>How a stored event differs from an event of an append that has the same id. Version, times, metadata and tags are not compared.</summary>
public enum ContentDifference
{
    /// <summary>Same stream, type and data.</summary>
    None,

    /// <summary>It is in another stream.</summary>
    Stream,

    /// <summary>It has another type.</summary>
    Type,

    /// <summary>It has other data.</summary>
    Data,

    /// <summary>It was erased, and its stream, type or data differed. Which of them is not known.</summary>
    Erased,
}
