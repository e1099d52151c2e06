using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class TraceIndexTests : OpenLogTest
{
    private readonly EventTypeMap _types = EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered"));

    [Test]
    public async Task A_trace_by_index_is_the_trace_by_reading([Values(1, 2, 3)] int seed)
    {
        var store = new EventStore(Log, _types);
        var ids = await FillAsync(store, new Random(seed));
        // An effect that names a later event as its cause follows from nothing.
        Sql($"INSERT INTO events (stream, eventType, causationId, data) VALUES ('s-1', 'numbered', '{ids[7]}', '{{\"n\":901}}')");
        Sql($"INSERT INTO events (stream, eventId, eventType, causationId, data) VALUES ('s-1', 'b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55', 'numbered', 'b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55', '{{\"n\":902}}')");
        var traced = ids.Select(id => id.ToString()).Concat(["op-0", "op-1", "op-2", "c-3", "b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55", "unknown", Guid.NewGuid().ToString()]).ToList();

        var read = await TraceAsync(store, traced);
        await Log.AddIndexAsync(EventIndex.Correlation);
        (await TraceAsync(store, traced)).Should().Equal(read);
        await Log.AddIndexAsync(EventIndex.Causation);
        (await TraceAsync(store, traced)).Should().Equal(read);
        (await Log.GetIndexesAsync()).Should().Equal(EventIndex.Correlation, EventIndex.Causation);
    }

    [Test]
    public async Task Its_statements_use_the_indexes()
    {
        await Log.AddIndexAsync(EventIndex.Correlation);
        await Log.AddIndexAsync(EventIndex.Causation);
        foreach (var (sql, index) in new[] { (Native.Sql.TraceByCorrelation, "es_events_correlation (correlation=? AND rowid>? AND rowid<?)"), (Native.Sql.TraceByCausation, "es_events_causation (causation=? AND rowid>? AND rowid<?)") })
        {
            using var connection = Connect();
            using var command = connection.CreateCommand();
            command.CommandText = "EXPLAIN QUERY PLAN " + sql;
            foreach (var number in Enumerable.Range(1, 4)) command.Parameters.AddWithValue($"?{number}", 1);
            using var plan = command.ExecuteReader();
            plan.Read().Should().BeTrue();
            plan.GetString(3).Should().Be($"SEARCH es_events USING COVERING INDEX {index}");
            plan.Read().Should().BeFalse("nothing is sorted");
        }
    }

    [Test]
    public async Task What_sql_appended_is_traced()
    {
        await Log.AddIndexAsync(EventIndex.Correlation);
        await Log.AddIndexAsync(EventIndex.Causation);
        var store = new EventStore(Log, _types);
        Sql("INSERT INTO events (stream, eventType, correlationId, data) VALUES ('s-1', 'numbered', 'op', '{\"n\":1}')");
        (await store.GetCausationTreeAsync("op")).Count.Should().Be(1);
    }

    private static async Task<List<Guid>> FillAsync(EventStore store, Random random)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 60; i++)
        {
            var cause = random.Next(3) > 0 && i > 0 ? ids[random.Next(i)].ToString() : null;
            var append = new Append { CommandId = i % 5 == 0 ? $"c-{i % 4}-{i}" : null, Metadata = new() { CorrelationId = random.Next(2) > 0 ? $"op-{random.Next(3)}" : null, CausationId = cause ?? (i % 7 == 0 ? "c-3" : null) } };
            ids.Add(Guid.NewGuid());
            await store.AppendAsync(append.To($"s-{i % 3}", ExpectedVersion.Any, [new EventData(new Numbered(i)).WithId(ids[i])]));
        }

        return ids;
    }

    private static async Task<List<string>> TraceAsync(EventStore store, List<string> ids)
    {
        var texts = new List<string>();
        foreach (var id in ids)
            foreach (var max in new[] { 1, 3, 1000 })
            {
                var trace = await store.GetCausationTreeAsync(id, max);
                texts.Add($"{id} {max} {trace.IsComplete}: {string.Join(' ', trace.Flatten().Select(n => $"{new string('>', n.Depth)}{n.Event.Position}"))}");
            }

        return texts;
    }
}
