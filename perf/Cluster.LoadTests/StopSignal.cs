using System.Runtime.InteropServices;

namespace Cluster.LoadTests;

/// <summary>Set by Ctrl-C and by termination; every loop looks at it, so that what was made is removed on the way out.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private volatile bool _requested;

    public static StopSignal OnSignals()
    {
        var stop = new StopSignal();
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            stop._registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                stop.Request();
            }));
        }

        return stop;
    }

    public void Request() => _requested = true;

    /// <exception cref="OperationCanceledException">The benchmark was told to stop.</exception>
    public void ThrowIfRequested()
    {
        if (_requested) throw new OperationCanceledException("stopped");
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
}
