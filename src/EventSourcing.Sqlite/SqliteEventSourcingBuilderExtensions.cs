using EventSourcing.Internal;
using EventSourcing.Sqlite.Files;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.Sqlite;

/// <summary>Chooses SQLite in <c>AddEventSourcing(…)</c>.</summary>
public static class SqliteEventSourcingBuilderExtensions
{
    /// <summary>Stores events in a SQLite file, opened when the store is first resolved.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">The path of the file, not a connection string. Its directory has to exist.</param>
    /// <param name="configure">Changes the settings; null for the defaults. Called once, at once. A time provider that is not set is the container's.</param>
    /// <exception cref="ArgumentException">The path is empty or a connection string, a setting is out of its range, or the delegate is asynchronous.</exception>
    /// <example><c>es.UseSqlite("orders.db", o => o.Durability = Durability.ProcessCrashOnly)</c></example>
    public static EventSourcingBuilder UseSqlite(this EventSourcingBuilder builder, string path, Action<SqliteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        LogPath.ThrowIfNoPath(path, nameof(path));
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var options = new SqliteOptions();
        configure?.Invoke(options);
        options = options.Validated();
        return builder.UseLog(services => SqliteEventLog.Open(path, options.On(services.GetRequiredService<TimeProvider>())));
    }
}
