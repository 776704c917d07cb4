using Cluster.ApiServer.Hosting;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class FrameworkLogsTests
{
    [Theory]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Information, false)]
    [InlineData("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.Information, false)]
    [InlineData("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.Warning, true)]
    [InlineData("Cluster.ApiServer.Requests", LogLevel.Debug, true)]
    public void CreateLogger_OfACategory_PassesWhatIsOursOrAWarning(string category, LogLevel level, bool passed)
    {
        using var sink = new Sink();
        using var logs = new FrameworkLogs(sink);
        logs.CreateLogger(category).Log(level, "text");

        Assert.Equal(passed ? 1 : 0, sink.Lines);
    }

    private sealed class Sink : ILoggerFactory, ILogger
    {
        public int Lines { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines++;
    }
}
