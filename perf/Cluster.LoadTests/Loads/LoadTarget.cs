using System.Net;

namespace Cluster.LoadTests.Loads;

/// <summary>Where clients connect to and where the backend listens; the same place where nothing stands between.</summary>
internal sealed record LoadTarget(IPEndPoint Entry, IPEndPoint Backend);
