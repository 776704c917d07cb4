using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>One logger for whatever asks for one.</summary>
internal sealed class OneLogger(ILogger logger) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => logger;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
