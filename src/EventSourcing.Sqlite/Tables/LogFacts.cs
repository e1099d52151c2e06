using System.Globalization;
using System.Text;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;


namespace EventSourcing.Sqlite.Tables;

/// <summary>The facts in es_log, with a checksum over them as one more. They decide where events are found and what is accepted, so the checksum is verified before a fact is used.</summary>
internal static class LogFacts
{
    /// <summary>1 where INSERT INTO events takes the types of es_known_types only.</summary>
    internal const string KnownTypesOnly = "known_types_only";

    /// <summary>Sets a fact. Inside a transaction.</summary>
    internal static void Set(Database database, string name, long value)
    {
        using (var set = database.PrepareOnce(Sql.SetFact)) set.Bind(1, name).Bind(2, value).Run();
        Seal(database);
    }

    /// <summary>Stores the checksum of the facts as they are. Inside the transaction that changed one.</summary>
    internal static void Seal(Database database)
    {
        using var set = database.PrepareOnce(Sql.SetFact);
        set.Bind(1, "checksum").Bind(2, Checksum(database)).Run();
    }

    /// <summary>True when the facts are what was stored. Schema 1 has no checksum.</summary>
    internal static bool AreIntact(Database database, int schema)
    {
        using var fact = database.PrepareOnce(Sql.Fact);
        return fact.Bind(1, "checksum").Step() ? fact.Text(0) == Checksum(database).ToString(CultureInfo.InvariantCulture) : schema == 1;
    }

    // 'refuted' is counted by commits that only have to write something, and means nothing.
    private static long Checksum(Database database)
    {
        var text = new StringBuilder();
        database.ForEach(Sql.Facts, row => text.Append(row.Text(0)).Append('\n').Append(row.Text(1)).Append('\n').Append(row.Text(2)).Append('\n'));
        return Tables.Checksum.OfName(0, text.ToString());
    }

    /// <summary>The ids of a log, by the number that it was made with.</summary>
    /// <exception cref="StoreCorruptException">The file does not say it.</exception>
    internal static PositionalIds IdsOf(Database database, string path)
    {
        var found = database.Scalar("SELECT value FROM es_log WHERE name = 'id_key' AND typeof(value) = 'integer'");
        return long.TryParse(found, NumberStyles.None, CultureInfo.InvariantCulture, out var key) && key < 1L << 62
            ? new(key)
            : throw new StoreCorruptException($"the fact id_key, by which events are found by their ids, is {(found is null ? "missing or no number" : $"{found}, which is out of its range")}. Nothing was changed; restore a backup.", $"'{path}', es_log");
    }

    /// <summary>Refuses a file whose content was replaced by that of another log while it was open: its ids are made in another way.</summary>
    /// <exception cref="StoreConfigurationException">It was.</exception>
    internal static void ThrowIfOtherLog(Database database, PositionalIds ids)
    {
        if (IdsOf(database, "the file") != ids)
            throw new StoreConfigurationException("Another log was restored into the file while it was open. Nothing was written; close the log and open it again.");
    }
}
