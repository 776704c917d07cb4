using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Hosting;

/// <summary>The logs as Kestrel and gRPC see them: warnings and worse alone.</summary>
/// <remarks>They tell of each request and each refused call at Information; <see cref="RequestBoundary"/> tells that in our own words.</remarks>
internal sealed class FrameworkLogs(ILoggerFactory logs) : ILoggerFactory
{
    private static readonly string[] Frameworks = ["Microsoft.", "Grpc."];

    public ILogger CreateLogger(string categoryName) =>
        Array.Exists(Frameworks, prefix => categoryName.StartsWith(prefix, StringComparison.Ordinal))
            ? new WarningsOnly(logs.CreateLogger(categoryName))
            : logs.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => logs.AddProvider(provider);

    /// <summary>The factory is not ours to end.</summary>
    public void Dispose()
    {
    }

    private sealed class WarningsOnly(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // A message that cannot be parsed, or is too large, is the client's mistake; gRPC takes it for the server's.
            if (IsEnabled(logLevel) && exception is not (InvalidProtocolBufferException or BadHttpRequestException))
                inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
