using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>The messages of refused appends, word for word: the same on every log.</summary>
internal static class MessageCases
{
    private static readonly (string Name, LogAppend Append, string Message)[] Rows =
    [
        ("an_id_in_another_stream", Make.Append("b", Event(1)), $"Event id {Make.Id(1)}: it is stored at position 1 in another stream."),
        ("an_id_with_another_type", Make.Append("a", Event(1, type: "U")), $"Event id {Make.Id(1)}: it is stored at position 1 with another type."),
        ("an_id_with_other_data", Make.Append("a", Event(2, data: "x")), $"Event id {Make.Id(2)}: it is stored at position 2 with other data."),
        ("some_events_that_are_new", Make.Append("a", Event(9), Event(2), Make.Event()), $"Event id {Make.Id(2)}: it is stored at position 2, but other events of the same append are not stored."),
        ("another_order", Make.Append("a", Event(2), Event(1)), $"Event id {Make.Id(1)}: it is stored at position 1, but the append has the stored events in another order."),
        ("a_difference_before_a_new_event", Make.Append("a", Event(9), Event(1), Event(2, data: "x")), $"Event id {Make.Id(2)}: it is stored at position 2 with other data."),
        ("a_new_event_before_the_order", Make.Append("a", Event(2), Event(1), Event(9)), $"Event id {Make.Id(2)}: it is stored at position 2, but other events of the same append are not stored."),
        ("an_id_twice", Make.Append("a", Event(9), Event(9)), $"Event id {Make.Id(9)}: the append contains this id twice."),
        ("a_command_with_other_content", Make.Command("c", 2, "a", Make.Event()), "Command id 'c' was used with other content by the append that ended at position 3. Use another id for another command."),
        ("unexpected_versions", Unexpected(), "stream 'a': expected no stream, found version 2; stream 'n': expected 4, found version 0; stream 'm': expected stream exists, found version 0"),
        ("a_condition", Make.If(LogQuery.OfTypes("T").Tagged("t", "1"), 1, "a", Make.Event()), $"The event at position 2 matches {LogQuery.OfTypes("T").Tagged("t", "1")} after position 1."),
    ];

    internal static IEnumerable<ContractCase> All =>
    [
        .. Rows.Select(row => new ContractCase($"Refusal_of_{row.Name}_says_so", log => Says(log, row.Append, $"Nothing was written. {row.Message}"))),
        new ContractCase("Refusal_of_a_condition_beyond_the_head_says_so", log => Says(
            log, Make.If(LogQuery.All, 9, "a", Make.Event()), "Position 9 is beyond the log's head 3: the log lost its tail, or the position belongs to another log. Read the head again, or use a ResumeToken for positions that are kept outside the process.")),
    ];

    private static LogEvent Event(int id, string type = "T", string? data = null) => Make.Event(type, data ?? $"{id}", Make.Id(id), "t:1");

    private static LogAppend Unexpected() => new()
    {
        Writes = Make.Writes(new("a", ExpectedVersion.NoStream, Make.Numbered(1)), new("n", ExpectedVersion.Exactly(4), default)),
        Checks = new StreamCheck[] { new("a", ExpectedVersion.Exactly(2)), new("m", ExpectedVersion.StreamExists), new("a", ExpectedVersion.NoStream) },
    };

    // The log holds two events of stream a, and one that a command appended.
    private static async Task Says(LogUnderTest log, LogAppend refused, string message)
    {
        await log.AppendAsync("a", Event(1), Event(2)).ConfigureAwait(false);
        await log.AppendAsync(Make.Command("c", 1, "b", Make.Event())).ConfigureAwait(false);
        var refusal = await log.RefusesAsync<EventSourcingException>(refused).ConfigureAwait(false);
        Expect.Equal(message, refusal.Message, "the message");
    }
}
