namespace EventSourcing.Sqlite;

/// <summary>The event types that an <c>INSERT INTO events</c> may append.</summary>
public enum SqlInsertPolicy
{
    /// <summary>Any type.</summary>
    AnyType = 0,

    /// <summary>The types that the file knows; others are refused with an error that names the rule.</summary>
    KnownTypes = 1,
}
