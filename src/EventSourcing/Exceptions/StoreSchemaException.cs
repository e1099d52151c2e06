namespace EventSourcing;

/// <summary>A database is not a store of this library, or was written by a newer version of it. Nothing was changed.</summary>
public sealed class StoreSchemaException : EventSourcingException
{
    /// <summary>Reports what was found.</summary>
    /// <param name="message">The database and what is in the way.</param>
    /// <param name="found">The schema found: a version's digits, or what the database holds instead.</param>
    /// <param name="supported">The newest schema version that this library reads.</param>
    /// <param name="innerException">The driver's error, or null.</param>
    public StoreSchemaException(string message, string found, int supported, Exception? innerException = null) : base(message, innerException) =>
        (Found, Supported) = (found, supported);

    /// <summary>The schema found: a version's digits, or what the database holds instead.</summary>
    public string Found { get; }

    /// <summary>The newest schema version that this library reads.</summary>
    public int Supported { get; }
}
