namespace Cluster.LoadTests.Api;

/// <summary>Start and memory of the API server, alone and with the rest of the control plane.</summary>
/// <param name="FirstStartSeconds">To ready, with an empty folder: certificates and first objects are made.</param>
/// <param name="StartSeconds">To ready, again with that folder; each time.</param>
/// <param name="Pods">How many the rest is about.</param>
/// <param name="FilledStartSeconds">To ready, with so many pods.</param>
/// <param name="IdleMb">Resident memory some seconds after a start without pods, mapped files included; in 1,048,576 bytes as the others.</param>
/// <param name="FilledMb">Some seconds after the last of so many pods was created.</param>
/// <param name="RestartedMb">Some seconds after a start with so many pods.</param>
/// <param name="PlaneIdleMb">API server, controller manager and scheduler together, each page counted once, without pods.</param>
/// <param name="PlaneFilledMb">So, with so many pods on nodes.</param>
internal sealed record FootprintResult(
    double FirstStartSeconds, IReadOnlyList<double> StartSeconds, int Pods, double FilledStartSeconds, double IdleMb, double FilledMb, double RestartedMb, double PlaneIdleMb,
    double PlaneFilledMb);
