namespace EventSourcing.LoadTests;
internal static class BatchesWorkload { public static Task RunAsync(Settings s) => Task.CompletedTask; }
