using System.Text;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Documents: written in transactions, read back by the writer and by snapshots.</summary>
internal static class ViewRowCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Documents_are_put_replaced_and_removed),
        ViewStorageCase.Of(Json_is_read_back_byte_for_byte),
        ViewStorageCase.Of(Last_change_of_a_key_in_a_transaction_counts),
        ViewStorageCase.Of(Writer_reads_what_was_committed),
        ViewStorageCase.Of(Keys_are_found_by_index_in_utf8_order),
        ViewStorageCase.Of(Values_of_a_replaced_document_are_replaced),
        ViewStorageCase.Of(Keys_have_any_allowed_character_and_512_bytes),
        ViewStorageCase.Of(Documents_of_1_mebibyte_are_stored),
        ViewStorageCase.Of(Many_documents_are_written_in_one_transaction),
        ViewStorageCase.Of(Position_of_a_document_is_kept),
    ];

    private static void Documents_are_put_replaced_and_removed(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 2, w =>
        {
            Put(w, "a", "1", 1);
            Put(w, "b", "2", 2);
        });
        Expect.Equal("a@1 1; b@2 2", Text(build), "documents");
        Commit(writer, 4, w =>
        {
            Put(w, "a", "3", 3);
            w.Remove(0, "b", GlobalPosition.FromInt64(1));
            w.Remove(0, "never there", GlobalPosition.FromInt64(1));
            Put(w, "c", "4", 4);
        });
        Expect.Equal("a@3 3; c@4 4", Text(build), "documents after the second transaction");
        var snapshot = views.Snapshot(build);
        Expect.Equal(("a@3 3", "nothing", 2L), (Text(snapshot.Find(0, "a")), Text(snapshot.Find(0, "b")), snapshot.Count(0, [])), "documents by key, and their number");
        Commit(writer, 5, w => Put(w, "b", "5", 5));
        Expect.Equal("a@3 3; b@5 5; c@4 4", Text(build), "a document that is stored again after its removal");
    }

    private static void Json_is_read_back_byte_for_byte(ViewsUnderTest views)
    {
        string[] documents = ["{}", "null", "0", "\"\"", " { \"b\" : 1.500 ,\r\n\t\"a\" : [ ] } ", "{\"é\":\"\\u00e9\",\"e\\u0301\":\"e\u0301\",\"😀\":\"\\ud83d\\ude00\\u0000\"}", "{\"a\":1,\"a\":2}", "12345678901234567890.12345678901234567890", "\"'; DROP TABLE x --\""];
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w =>
        {
            for (var i = 0; i < documents.Length; i++) Put(w, $"k{i}", documents[i]);
        });
        var snapshot = views.Snapshot(build);
        var page = snapshot.Read(new() { Table = 0, Max = 100 });
        for (var i = 0; i < documents.Length; i++)
        {
            Expect.Equal(documents[i], Encoding.UTF8.GetString(snapshot.Find(0, $"k{i}")!.Value.Json.Span), "document by key");
            Expect.Equal(documents[i], Encoding.UTF8.GetString(page[i].Json.Span), "document of a page");
            Expect.True(writer.TryFind(0, $"k{i}", out var json, out _) && Encoding.UTF8.GetString(json.Span) == documents[i], $"the writer reads {documents[i]}");
        }
    }

    private static void Last_change_of_a_key_in_a_transaction_counts(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w => Put(w, "d", "0"));
        Commit(writer, 5, w =>
        {
            Put(w, "a", "1", 2, 0, "x", 1);
            Put(w, "a", "2", 3, 0, "y", 2);
            Put(w, "b", "3", 3);
            w.Remove(0, "b", GlobalPosition.FromInt64(1));
            w.Remove(0, "c", GlobalPosition.FromInt64(1));
            Put(w, "c", "4", 4);
            w.Remove(0, "d", GlobalPosition.FromInt64(1));
            Put(w, "d", "5", 5, 0, "x", 1);
        });
        Expect.Equal("a@3 2; c@4 4; d@5 5", Text(build), "documents");
        Expect.Equal(["d"], writer.FindKeys(0, 0, "x"), "keys by the value");
    }

    private static void Writer_reads_what_was_committed(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 3, w => Put(w, "a", "1", 2, 0, "x", 1));
        Found(writer, "1", 2);
        writer.Begin();
        Put(writer, "a", "2", 4, 0, "y", 1);
        Put(writer, "b", "2", 4, 0, "x", 1);
        writer.Rollback();
        Found(writer, "1", 2);
        Expect.Equal(["a"], writer.FindKeys(0, 0, "x"), "keys after the rollback");
        Commit(writer, 5, w => w.Remove(0, "a", GlobalPosition.FromInt64(1)));
        Expect.True(!writer.TryFind(0, "a", out _, out _), "a removed document is not found");
        Expect.Equal(0, writer.FindKeys(0, 0, "x").Count, "keys after the removal");
        writer.Dispose();
        Commit(views.Writer(build, 2), 6, w => Put(w, "a", "3", 6));
        Found(views.Writer(views.Open(), 2), "3", 6);

        static void Found(IViewWriter writer, string expected, long at)
        {
            Expect.True(writer.TryFind(0, "a", out var json, out var position), "the writer finds the document");
            Expect.Equal((expected, at), (Encoding.UTF8.GetString(json.Span), position.ToInt64()), "document and position");
        }
    }

    private static void Keys_are_found_by_index_in_utf8_order(ViewsUnderTest views)
    {
        string[] sorted = ["!", "A", "a", "aa", "b", "é", "\uFF5E", "😀", "😀a"];
        var writer = views.Writer(views.Create());
        Commit(writer, 1, w =>
        {
            foreach (var key in sorted.Reverse()) Put(w, key, "{}", 1, 0, "x", 1);
            Put(w, "other", "{}", 1, 0, "y", 2.5);
            Put(w, "nothing", "{}", 1, 0, default(ViewValue), default(ViewValue));
        });
        Expect.Equal(sorted, writer.FindKeys(0, 0, "x"), "keys by text");
        Expect.Equal(sorted, writer.FindKeys(0, 1, 1), "keys by an integer");
        Expect.Equal(sorted, writer.FindKeys(0, 1, 1.0), "keys by a number that is equal to the integer");
        Expect.Equal(["other"], writer.FindKeys(0, 1, 2.5), "keys by a number");
        Expect.Equal(["nothing"], writer.FindKeys(0, 0, default), "keys of the documents without a value");
        Expect.Equal(0, writer.FindKeys(0, 0, "X").Count, "keys by a text in another case");
        Expect.Equal(0, writer.FindKeys(0, 1, "1").Count, "keys by a text that looks like the number");
    }

    private static void Values_of_a_replaced_document_are_replaced(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w => Put(w, "a", "{}", 1, 0, "x", 1));
        Commit(writer, 2, w => Put(w, "a", "{}", 2, 0, default(ViewValue), "1"));
        Expect.Equal((0, 1, 0, 1), (writer.FindKeys(0, 0, "x").Count, writer.FindKeys(0, 0, default).Count, writer.FindKeys(0, 1, 1).Count, writer.FindKeys(0, 1, "1").Count), "numbers of keys");
        var snapshot = views.Snapshot(build);
        Expect.Equal((0L, 1L), (snapshot.Count(0, [new(0, "x", "x")]), snapshot.Count(0, [new(1, "1", "1")])), "numbers of documents");
    }

    private static void Keys_have_any_allowed_character_and_512_bytes(ViewsUnderTest views)
    {
        string[] keys =
        [
            " ", "  ", " a", "a ", "a", "A", "'", "''", "\"", "\\", "/", "../x", "%", "_", "*", "?", "[a]", ";", "--", "$1", "@p", ":k", "null", "0", "00", "1e3", "true", "é", "e\u0301", "\u00A0", "\u2028", "\uFEFF", "\uFFFD", "😀", "👨‍👩‍👧",
            new('x', 512), new string('x', 511) + "y", new string('é', 256), new string('x', 508) + "😀",
        ];
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w =>
        {
            for (var i = 0; i < keys.Length; i++) Put(w, keys[i], $"{i}", 1, 0, keys[i], i);
        });
        views.Reopen();
        build = views.Open();
        (writer, var snapshot) = (views.Writer(build), views.Snapshot(build));
        for (var i = 0; i < keys.Length; i++)
        {
            Expect.Equal($"{keys[i]}@1 {i}", Text(snapshot.Find(0, keys[i])), "document");
            Expect.Equal([keys[i]], writer.FindKeys(0, 0, keys[i]), "keys by a value with the same characters");
        }

        Expect.Equal(keys.Order(RecordKey.Order), snapshot.Read(new() { Table = 0, Max = 100 }).Select(row => row.Key), "keys in order");
        Commit(writer, 2, w =>
        {
            foreach (var key in keys) w.Remove(0, key, GlobalPosition.FromInt64(1));
        });
        Expect.Equal("", Text(build), "documents after the removal");
    }

    private static void Documents_of_1_mebibyte_are_stored(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        for (var i = 0; i < 4; i++)
        {
            var number = i;
            Commit(writer, i + 1, w => Put(w, $"k{number}", Large(number), number + 1));
        }

        Commit(writer, 5, w =>
        {
            Put(w, "k1", Large(9), 5);
            w.Remove(0, "k2", GlobalPosition.FromInt64(1));
        });
        views.Reopen();
        build = views.Open();
        (writer, var snapshot) = (views.Writer(build), views.Snapshot(build));
        Expect.True(writer.TryFind(0, "k0", out var json, out _) && json.Span.SequenceEqual(Encoding.UTF8.GetBytes(Large(0))), "the writer reads the document");
        var page = snapshot.Read(new() { Table = 0, Max = 10 });
        Expect.Equal(["k0", "k1", "k3"], page.Select(row => row.Key), "keys");
        foreach (var (row, expected) in page.Zip([0, 9, 3])) Expect.True(row.Json.Span.SequenceEqual(Encoding.UTF8.GetBytes(Large(expected))), $"document {row.Key} is the one that was stored");

        static string Large(int number) => $"\"{number}{new string((char)('a' + number), (1 << 20) - 3)}\"";
    }

    private static void Many_documents_are_written_in_one_transaction(ViewsUnderTest views)
    {
        const int count = 5000;
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, count, w =>
        {
            for (var i = 0; i < count; i++) Put(w, $"k{i:D5}", $"{i}", i + 1, 0, i % 2 == 0 ? "even" : "odd", i);
        });
        Commit(writer, count + 1, w =>
        {
            for (var i = 0; i < count; i += 2) w.Remove(0, $"k{i:D5}", GlobalPosition.FromInt64(1));
        });
        var snapshot = views.Snapshot(build);
        Expect.Equal((count / 2L, 0L, 100L), (snapshot.Count(0, []), snapshot.Count(0, [new(0, "even", "even")]), snapshot.Count(0, [new(1, 1000, 1199)])), "numbers of documents");
        Expect.Equal(count / 2, writer.FindKeys(0, 0, "odd").Count, "keys");
        Expect.Equal(count / 2, snapshot.Read(new() { Table = 0, Max = count }).Count, "documents of one page");
    }

    private static void Position_of_a_document_is_kept(ViewsUnderTest views)
    {
        long[] positions = [1, 255, int.MaxValue, 1L << 53, long.MaxValue];
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w =>
        {
            foreach (var position in positions) Put(w, $"{position:D20}", "{}", position);
        });
        Expect.Equal(positions, views.Snapshot(build).Read(new() { Table = 0, Max = 10 }).Select(row => row.Position.ToInt64()), "positions");
        foreach (var position in positions)
            Expect.True(writer.TryFind(0, $"{position:D20}", out _, out var found) && found.ToInt64() == position, $"the writer reads position {position}");
    }
}
