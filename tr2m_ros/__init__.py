"""The ROS 2 side of TR2M: messages, threads, quality of service and parameters. No tensor maths happens here."""
