namespace EventSourcing.Sqlite.Tests.Migration;

/// <summary>
/// golden-1.db: a log of schema 1, written by commit 0937626 and left as a killed process leaves it, with its write-ahead log brought into the file. It holds 13 events, and two erased ones at positions 6 and 7:
/// typed events with tags, occurredAt, correlation, causation, actor and headers; ids given by callers; an event that is no JSON; events inserted in SQL, of an unknown type too, the last one not sealed; the changes of
/// the captured table customers; the computed columns orderId and tags, the index on correlation; the result of command open-2; the tracking entry of source import; the checkpoint of subscription
/// projection, its parked event of stream order-2, and the leases of projection and held.
/// </summary>
internal static class Golden
{
    internal static string Source => Path.Combine(AppContext.BaseDirectory, "Migration", "golden-1.db");

    internal static void CopyTo(string path) => File.Copy(Source, path, overwrite: true);

    /// <summary>position|stream|version|id|type|timestamp|occurredAt|correlation|causation|tags|metadata|data, as the library of schema 1 read them.</summary>
    internal static readonly string[] Events =
    [
        """1|order-1|1|019b7ca9-8c88-7000-bac2-b0021c52d7d5|order-opened|2026-01-02T03:04:05.0000000Z||||customer:ann||{"orderId":"1","customer":"ann","total":12.5}""",
        """2|order-1|2|019b7ca9-8c88-7000-bac2-b0021c52d7d6|order-paid|2026-01-02T03:04:05.0000000Z||||order:1||{"orderId":"1","amount":12.5}""",
        """3|order-2|1|0195a000-0000-7000-8000-000000000001|order-opened|2026-01-02T03:04:06.0000010Z|2025-12-31T23:59:58.1234560Z|corr-1|cause-1|customer:bob,region:north|{"actor":"ann","source":"web"}|{"orderId":"2","customer":"bob","total":3}""",
        """4|order-3|1|11111111-2222-4333-8444-555555555555|order-opened|2026-01-02T03:04:06.0000010Z||||customer:cem||{"orderId":"3","customer":"cem","total":1}""",
        """5|blob-1|1|019b7ca9-9070-7004-bac2-b0021c52d7d9|picture|2026-01-02T03:04:06.0000010Z||||||00FF01FE""",
        """8|gone-1|3|019b7ca9-9070-7004-bac2-b0021c52d7dc|order-paid|2026-01-02T03:04:06.0000010Z||||order:9||{"orderId":"9","amount":2}""",
        """9|kept-1|1|019b7ca9-9070-7004-bac2-b0021c52d7dd|order-opened|2026-01-02T03:04:06.0000010Z||||customer:ann||{"orderId":"8","customer":"ann","total":1}""",
        """10|order-1|3|b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55|order-paid|2026-11-28T01:44:38.8640000Z|2026-02-03T04:05:06.7890000Z|corr-1||order:1|{"actor":"eve"}|{"orderId":"1","amount":7}""",
        """11|unknown-type-01a21fd3-6ad1-7000-bac2-b0021c52d7df|1|01a21fd3-6ad1-7000-bac2-b0021c52d7df|unknown-type|2026-11-28T01:44:38.8650000Z||||||{"orderId":5,"tags":true}""",
        """12|customer-1|1|01a21fd3-6ad5-7000-bac2-b0021c52d7e0|customers-inserted|2026-11-28T01:44:38.8690000Z||||||{"id":1,"name":"Ann","photo":"00FF"}""",
        """13|customer-1|2|01a21fd3-6ad8-7000-bac2-b0021c52d7e1|customers-updated|2026-11-28T01:44:38.8720000Z||||||{"old":{"id":1,"name":"Ann","photo":"00FF"},"new":{"id":1,"name":"Anna","photo":"00FF"}}""",
        """14|order-1|4|01a21fd3-6ad8-7000-bac2-b0021c52d7e2|order-paid|2026-11-28T01:44:38.8720000Z||||order:1||{"orderId":"1","amount":0.5}""",
        """15|order-4|1|01a21fd3-7767-7000-bac2-b0021c52d7e3|order-opened|2026-11-28T01:44:42.0870000Z|2026-03-04T05:06:07.5000000Z|||customer:fay||{"orderId":"4","customer":"fay","total":4}""",
    ];
}
