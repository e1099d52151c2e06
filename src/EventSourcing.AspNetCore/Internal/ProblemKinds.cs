namespace EventSourcing.AspNetCore.Internal;

/// <summary>The status and title of each exception type. The table of docs/errors.md has the same statuses.</summary>
internal static class ProblemKinds
{
    private const string Again = "Send the request again later.";
    private const string ReadAgain = "Read the current state, decide again, and send the request with what was read.";
    private const string StartAgain = "The place belongs to another history of the log: the log was restored to an older state, or the place is of another log. Read the state again, and continue from there.";

    // By name: the exception of another package is not referenced here.
    private static readonly Dictionary<string, ProblemKind> s_kinds = new()
    {
        [nameof(WrongExpectedVersionException)] = new("wrong-expected-version", 409, "The stream has another version.", ReadAgain),
        [nameof(AppendConditionFailedException)] = new("append-condition-failed", 409, "Another event came in between.", ReadAgain),
        [nameof(ConcurrencyException)] = new("concurrency", 409, "Another change came in between.", ReadAgain),
        [nameof(CommandIdConflictException)] = new("command-id-conflict", 422, "The key was used for another request.", "Send another request with another key; send the same request to get its answer again."),
        [nameof(DuplicateEventException)] = new("duplicate-event", 409, "The event id is in use.", "Use another event id, or send the whole request unchanged."),
        [nameof(AppendOutcomeUnknownException)] = new("append-outcome-unknown", 503, "It is not known whether the events are stored.", "Send the same request with the same key again: the answer is exact."),
        [nameof(InvalidEventException)] = new("invalid-event", 400, "The event is not valid.", "Correct what the violations say."),
        [nameof(EventTooLargeException)] = new("event-too-large", 413, "The event is too large.", "Send less."),
        [nameof(UnknownEventTypeException)] = new("unknown-event-type", 500, "An event type is not known to the server."),
        [nameof(UnknownSchemaVersionException)] = new("unknown-schema-version", 500, "An event is of a newer schema than the server."),
        [nameof(ReadOnlyEventTypeException)] = new("read-only-event-type", 500, "The event type is not written any more."),
        [nameof(UpcastChainException)] = new("upcast-chain", 500, "The upcasters of an event type do not fit together."),
        [nameof(EventSerializationException)] = new("event-serialization", 500, "An event does not fit its contract."),
        [nameof(PositionOutOfRangeException)] = new("position-out-of-range", 410, "The position lies beyond the end of the log.", StartAgain),
        [nameof(VersionOutOfRangeException)] = new("version-out-of-range", 404, "The stream has no such version.", "Ask for a lower version."),
        [nameof(ReplayException)] = new("replay", 500, "A replay has ended with an error."),
        [nameof(LogDivergedException)] = new("log-diverged", 410, "The place belongs to another history of the log.", StartAgain),
        [nameof(StoreUnavailableException)] = new("store-unavailable", 503, "The store is not available at present.", Again),
        [nameof(StoreConfigurationException)] = new("store-configuration", 500, "The store is not set up correctly."),
        [nameof(StoreFullException)] = new("store-full", 507, "The store has no room left."),
        [nameof(StoreReadOnlyException)] = new("store-read-only", 503, "The store cannot be written."),
        [nameof(StoreCorruptException)] = new("store-corrupt", 500, "Stored data are damaged."),
        [nameof(StoreSchemaException)] = new("store-schema", 500, "The store's file does not have the expected form."),
        [nameof(SubscriptionException)] = new("subscription", 503, "What the request waits for does not advance."),
        [nameof(ViewException)] = new("view", 503, "A view does not advance."),
        [nameof(ViewDeclarationException)] = new("view-declaration", 500, "A view's declaration does not fit what is recorded of it."),
        [nameof(ViewBuildingException)] = new("view-building", 503, "The view is not built yet.", Again),
        [nameof(ViewChangesLostException)] = new("view-changes-lost", 410, "The changes of the view do not continue after the token.", "Read the view again, and continue from the token of that read."),
        [nameof(LeaseLostException)] = new("lease-lost", 503, "Another process runs the subscription now."),
        [nameof(RecordConflictException)] = new("record-conflict", 503, "A record was changed from elsewhere.", Again),
        [nameof(EventBusException)] = new("event-bus", 503, "A live subscription has ended."),
        ["BackupTargetExistsException"] = new("backup-target-exists", 409, "The target of the backup exists.", "Choose another name."),
    };

    private static readonly ProblemKind s_unknown = new("unknown", 500, "The request failed.");

    /// <summary>The kind of an exception type, or of the nearest base that has one; null where only <see cref="EventSourcingException"/> is left.</summary>
    internal static ProblemKind? Find(Type? type)
    {
        for (; type is not null && type != typeof(EventSourcingException); type = type.BaseType)
            if (s_kinds.TryGetValue(type.Name, out var kind)) return kind;
        return null;
    }

    internal static ProblemKind Of(EventSourcingException error) =>
        Find(error.GetType()) ?? (error.IsTransient ? s_unknown with { Status = 503, Action = Again } : s_unknown);
}
