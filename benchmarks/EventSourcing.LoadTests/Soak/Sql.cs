using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests.Soak;

/// <summary>The SQL of those who write in SQL.</summary>
internal static class Sql
{
    public static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False;Default Timeout=60");
        connection.Open();
        return connection;
    }

    public static void Execute(SqliteConnection connection, string sql, long? number = null)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        if (number is { } value) command.Parameters.AddWithValue("$number", value);
        command.ExecuteNonQuery();
    }

    public static long[] Read(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var numbers = new List<long>();
        while (reader.Read())
            for (var i = 0; i < reader.FieldCount; i++) numbers.Add(reader.GetInt64(i));
        return [.. numbers];
    }
}
