using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Versioning;

/// <summary>The schema of a log that is open, looked at again by a connection that finds it changed.</summary>
internal sealed class KnownSchema(string path)
{
    private long _cookie = -1;

    internal static long CookieOf(Database database)
    {
        using var cookie = database.PrepareOnce(Sql.SchemaCookie);
        return cookie.Scalar(-1);
    }

    /// <summary>Notes that the schema with this cookie was looked at.</summary>
    internal void Know(long cookie) => Interlocked.Exchange(ref _cookie, cookie);

    /// <summary>Looks at the schema when it is not the one that was looked at last. Costs one number of the file's first page where it is.</summary>
    /// <exception cref="StoreSchemaException">It is not the log's any more.</exception>
    internal void ThrowIfChanged(Database database) => ThrowIfChanged(database, CookieOf(database));

    /// <summary>The same for a connection that has read <see cref="Sql.SchemaCookie"/> itself.</summary>
    internal void ThrowIfChanged(Database database, long cookie)
    {
        if (cookie == Interlocked.Read(ref _cookie)) return;
        SchemaInventory.Of(database).ThrowIfWrong(path);
        Know(cookie);
    }

    /// <summary>Refuses what a transaction has made of the schema, before it is committed. Nothing is noted: it may be undone still.</summary>
    /// <exception cref="StoreSchemaException">It is not the log's any more.</exception>
    internal void RefuseWrong(Database database) => SchemaInventory.Of(database).ThrowIfWrong(path);
}
