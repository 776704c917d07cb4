using Cluster.Api;

namespace Cluster.Api.EventsV1;

public sealed partial class Event : IApiObject;

public sealed partial class EventList : IApiList<Event>;
